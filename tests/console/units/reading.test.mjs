import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.mjs";

const { flowOf, timeline, reading } = page(
  ["text", "raw", "codes", "reading"],
  ["flowOf", "timeline", "reading"],
);

const PROTOCOL = {
  states: ["created", "open", "done"],
  terminal: ["done", "error", "expired"],
  steps: { start: { from: ["created"] }, next: { from: ["open"] }, other: { from: ["open"] } },
};
const at = (seconds) => new Date(Date.UTC(2026, 0, 17, 3, 0, seconds)).toISOString();
const answered = (seconds, step, from, to, backend = "{}") =>
  `{"version":2,"step":"${step}","from":"${from}","to":"${to}","at":"${at(seconds)}","attemptID":"a","backendStatus":200,"backend":${backend}}`;
const expired = (seconds) => `{"version":9,"from":"open","to":"expired","at":"${at(seconds)}"}`;
const failed = (seconds, step, code, outcome = "unknown") =>
  `{"step":"${step}","attemptID":"b${seconds}","at":"${at(seconds)}","code":"${code}","outcome":"${outcome}"}`;

function flow(state, terminal, transitions, attempts = [], protocol = PROTOCOL) {
  const status = {
    flowHandle: "h",
    protocol: "p",
    state,
    terminal,
    issuedAt: at(0),
    expiresAt: at(300),
    correlationID: "c",
  };
  const history = `{"flowHandle":"h","transitions":[${transitions.join(",")}],"attempts":[${attempts.join(",")}]}`;
  return flowOf(JSON.stringify(status), history, protocol);
}
const read = (...parts) => reading(flow(...parts), new Date(Date.UTC(2026, 0, 17, 3, 1, 0)));
const plain = (text) => text.replaceAll("\u00a0", " ");

test("an open flow without failures waits for the client, and for which steps", () => {
  const told = read("open", false, [answered(1, "start", "created", "open")]);
  assert.equal(told.headline, "Waits in open for the client: next or other");
  assert.equal(plain(told.cause), "No call has failed there. It has 4 min left.");
});

test("an open flow whose latest call failed is the backend's fault", () => {
  const told = read(
    "open",
    false,
    [answered(1, "start", "created", "open")],
    [failed(5, "next", "backend_timeout"), failed(9, "next", "backend_unavailable")],
  );
  assert.deepEqual(
    [told.fault, told.headline],
    ["backend", "Waits in open: the backend was unavailable at next"],
  );
  assert.ok(
    plain(told.cause).startsWith("2 calls after the last recorded answer failed"),
    told.cause,
  );
});

test("failures before a recorded answer are over", () => {
  const told = read(
    "open",
    false,
    [answered(9, "start", "created", "open")],
    [failed(5, "start", "backend_timeout")],
  );
  assert.equal(told.level, "ok");
});

test("an expiry after failed calls is the fault of what failed", () => {
  const told = read(
    "expired",
    true,
    [answered(1, "start", "created", "open"), expired(300)],
    [failed(20, "next", "backend_timeout")],
  );
  assert.deepEqual(
    [told.fault, told.headline],
    ["backend", "Expired, since the backend gave no whole answer in time at next"],
  );
});

test("an expiry without a failed call is the client's, with how long nothing came", () => {
  const told = read("expired", true, [answered(60, "start", "created", "open"), expired(300)]);
  assert.deepEqual(
    [told.fault, plain(told.headline)],
    ["client", "Expired: no next step came for 4 min"],
  );
});

test("an expiry that nobody has written down yet is read like one", () => {
  const told = read("expired", true, [answered(60, "start", "created", "open")]);
  assert.equal(plain(told.headline), "Expired: no next step came for 4 min");
});

test("an expiry before the deadline was an operator's", () => {
  const told = read("expired", true, [answered(1, "start", "created", "open"), expired(40)]);
  assert.deepEqual(
    [told.fault, told.headline],
    ["operator", "Expired by an operator before its deadline"],
  );
});

test("a flow in error is between the backend and the definition", () => {
  assert.equal(read("error", true, [answered(1, "start", "created", "error")]).fault, "contract");
});

test("a flow that the backend ended is nobody's fault, whatever its state is called", () => {
  assert.deepEqual(read("done", true, [answered(1, "start", "created", "done")]).fault, "nobody");
});

test("transitions and attempts stand in one order, with the time between them", () => {
  const told = timeline(
    flow(
      "open",
      false,
      [answered(1, "start", "created", "open"), answered(30, "next", "open", "done")],
      [failed(11, "next", "backend_timeout", "not_sent")],
    ),
  );
  assert.deepEqual(
    told.map(({ title, since }) => [title, since]),
    [
      ["created", 0],
      ["start: created \u2192 open", 1],
      ["next: no recorded answer", 10],
      ["next: open \u2192 done", 19],
    ],
  );
  assert.ok(told[2].text.includes("Nothing reached the backend."));
});

test("calls that fail alike one after the other are one entry, from the first to the last", () => {
  const told = timeline(
    flow(
      "open",
      false,
      [answered(1, "start", "created", "open"), answered(50, "next", "open", "open")],
      [
        failed(10, "next", "backend_timeout"),
        failed(12, "next", "backend_timeout"),
        failed(20, "next", "backend_timeout"),
        failed(30, "next", "backend_unavailable"),
        failed(55, "next", "backend_unavailable"),
      ],
    ),
  ).slice(2);
  assert.deepEqual(
    told.map(({ title, at, until, since }) => [plain(title), at, until, since]),
    [
      ["next: no recorded answer, 3 \u00d7", at(10), at(20), 9],
      ["next: no recorded answer", at(30), undefined, 10],
      ["next: open \u2192 open", at(50), undefined, 20],
      ["next: no recorded answer", at(55), undefined, 5],
    ],
  );
  assert.deepEqual(told[0].attemptIDs, ["b10", "b12", "b20"]);
});

test("in one millisecond a failed call is before the answer to its step, and after another's", () => {
  const same = timeline(
    flow(
      "open",
      false,
      [answered(1, "start", "created", "open")],
      [failed(1, "start", "backend_timeout")],
    ),
  );
  assert.deepEqual(
    same.map(({ kind }) => kind),
    ["begun", "attempt", "transition"],
  );
  const other = timeline(
    flow(
      "open",
      false,
      [answered(1, "start", "created", "open")],
      [failed(1, "next", "backend_timeout")],
    ),
  );
  assert.deepEqual(
    other.map(({ kind }) => kind),
    ["begun", "transition", "attempt"],
  );
});

test("what the backend said stays as it was spelled", () => {
  const said = '{"n":1.00e2,"n":2, "x":"\\u003cb\\u003e"}';
  const [, entry] = timeline(flow("open", false, [answered(1, "start", "created", "open", said)]));
  assert.equal(entry.backend, said);
});

test("a flow whose definition is gone is read all the same", () => {
  const told = read("open", false, [answered(1, "start", "created", "open")], [], null);
  assert.equal(told.headline, "Waits in open for the client: the next step");
});
