import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.mjs";

const { Scrapes, parseMetrics, summarised, verdict, CODES } = page(
  [
    "text",
    "metrics",
    "window",
    "quantile",
    "gates",
    "summary",
    "codes",
    "causes",
    "held",
    "verdict",
  ],
  ["Scrapes", "parseMetrics", "summarised", "verdict", "CODES"],
);

const PROTOCOLS = new Map([
  [
    "p",
    {
      states: ["created", "open", "done"],
      terminal: ["done", "error", "expired"],
      steps: { start: { from: ["created"] }, next: { from: ["open"] } },
    },
  ],
]);
const WELL = { lost: null, ready: null };
const plain = (text) => text.replaceAll("\u00a0", " ");

// The findings after a minute in which the counters grew from nothing to these.
function found(lines, health = WELL, stuck = 300) {
  const scrapes = new Scrapes();
  scrapes.add(0, parseMetrics("process_start_time_seconds 1\nintegrator_store_up 1"));
  const text = ["process_start_time_seconds 1", "integrator_store_up 1", ...lines].join("\n");
  scrapes.add(60, parseMetrics(text));
  return verdict(summarised(scrapes, PROTOCOLS), health, stuck);
}

const requests = (number) =>
  `integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/{flowHandle}/{step}",status="200"} ${number}`;
const calls = (status, number, step = "start") =>
  `integrator_backend_requests_total{protocol="p",step="${step}",status="${status}"} ${number}`;
const rejections = (code, number, step = "next") =>
  `integrator_rejections_total{protocol="p",step="${step}",code="${code}"} ${number}`;
const move = (to, number) =>
  `integrator_flow_transitions_total{protocol="p",step="start",from="created",to="${to}"} ` +
  `${number}`;

test("a service that answers everything is well, with the numbers that say so", () => {
  const [only, ...others] = found([requests(12), calls(200, 12), move("open", 12)]);
  assert.equal(only.level, "ok");
  assert.equal(
    plain(only.headline),
    "All is well: 12 starts and 12 transitions in the last minute",
  );
  assert.deepEqual(others, []);
});

test("a service that nobody asks is quiet", () => {
  assert.equal(found([])[0].headline, "All is quiet");
});

test("before there are rates nothing is claimed of them", () => {
  const scrapes = new Scrapes();
  scrapes.add(0, parseMetrics("integrator_store_up 1\n" + rejections("internal", 900)));
  const [only] = verdict(summarised(scrapes, PROTOCOLS), WELL, 300);
  assert.equal(only.kind, "unknown");
});

test("calls that time out are the backend's fault, with their share and the step", () => {
  const [worst] = found([requests(100), calls(200, 62), calls("timeout", 38)]);
  assert.deepEqual([worst.kind, worst.level, worst.fault], ["silent", "bad", "backend"]);
  assert.equal(
    plain(worst.headline),
    "The backend answers only in part: 38 % of calls in the last minute timed out",
  );
  assert.ok(plain(worst.cause).includes("most at start (p)"), worst.cause);
});

test("a backend that cannot be reached at all does not answer", () => {
  const [worst] = found([requests(5), calls("unavailable", 5)]);
  assert.equal(
    plain(worst.headline),
    "The backend does not answer: 100 % of calls in the last minute got no connection or no " +
      "whole answer",
  );
});

test("few of many calls without an answer are no finding", () => {
  assert.equal(found([requests(1000), calls(200, 990), calls("timeout", 10)])[0].kind, "well");
});

test("answers of 5xx are the backend's fault", () => {
  const [worst] = found([requests(10), calls(200, 8), calls(503, 2)]);
  assert.deepEqual([worst.kind, worst.fault], ["errors", "backend"]);
});

test("answers of 4xx are told with their share, their step and their status", () => {
  const [worst] = found([
    requests(8),
    calls(200, 2),
    calls(404, 1),
    calls(422, 5),
    rejections("backend_error", 6, "start"),
  ]);
  assert.deepEqual([worst.kind, worst.level, worst.fault], ["refused", "bad", "judged"]);
  assert.equal(
    plain(worst.headline),
    "The backend refuses what it is sent: 75 % of calls in the last minute were 4xx",
  );
  assert.equal(
    plain(worst.cause),
    "6 of 8 calls, most at start (p), 6 of 8 there, most often HTTP 422.",
  );
});

test("some refused calls among answered ones are a warning", () => {
  const refused = [calls(422, 3), rejections("backend_error", 3, "start")];
  const [worst] = found([requests(20), calls(200, 17), ...refused]);
  assert.deepEqual([worst.kind, worst.level], ["refused", "warn"]);
});

test("two refused calls are no finding", () => {
  const refused = [calls(422, 2), rejections("backend_error", 2, "start")];
  assert.equal(found([requests(20), calls(200, 18), ...refused])[0].kind, "well");
});

test("a 4xx that the definition takes for an answer is no refusal", () => {
  assert.equal(found([requests(20), calls(400, 20)])[0].kind, "well");
});

test("an answer that no rule places is between backend and definition", () => {
  const [worst] = found([requests(10), calls(200, 10), rejections("backend_unclassified", 1)]);
  assert.deepEqual([worst.kind, worst.fault], ["unclassified", "contract"]);
});

test("a backend whose calls are long is slow", () => {
  const bucket = (le, value) =>
    `integrator_backend_request_duration_seconds_bucket{protocol="p",step="start",le="${le}"} ${value}`;
  const [worst] = found([
    requests(10),
    calls(200, 10),
    bucket("1", 0),
    bucket("2.5", 10),
    bucket("+Inf", 10),
  ]);
  assert.deepEqual([worst.kind, worst.level], ["slow", "warn"]);
});

test("steps out of order are the client's fault, with the step", () => {
  const [worst] = found([
    requests(20),
    calls(200, 10),
    rejections("sequence_violation", 6, "assert"),
    rejections("terminal_state", 4),
  ]);
  assert.deepEqual([worst.kind, worst.fault], ["sequence", "client"]);
  assert.equal(plain(worst.headline), "Clients send steps out of order: 10 in the last minute");
  assert.ok(worst.cause.includes("assert (sequence_violation)"), worst.cause);
});

test("one refused step among many is no finding", () => {
  assert.equal(
    found([requests(20), calls(200, 19), rejections("sequence_violation", 1)])[0].kind,
    "well",
  );
});

test("flows that expire are told with their share of those that ended", () => {
  const expired = 'integrator_flows_expired_total{protocol="p"} 3';
  const [worst] = found([requests(10), calls(200, 10), move("done", 9), expired]);
  assert.deepEqual([worst.kind, worst.fault], ["expiry", "client"]);
  assert.ok(plain(worst.cause).startsWith("25 % of the flows that ended"), worst.cause);
  assert.ok(worst.cause.includes("or an operator expired them"), worst.cause);
});

const flows = (state, age) => [
  `integrator_flows{protocol="p",state="${state}"} 1`,
  `integrator_flow_oldest_age_seconds{protocol="p",state="${state}"} ${age}`,
];

test("flows older than the reader's bound are told, ended ones never, and nobody is accused", () => {
  const lines = [...flows("open", 400), ...flows("done", 9000), ...flows("expired", 9000)];
  const [worst] = found(lines);
  assert.deepEqual([worst.kind, worst.fault], ["stuck", "unsaid"]);
  assert.equal(
    plain(worst.headline),
    "Flows wait longer than 5 min: the oldest in open is 6 min 40 s old",
  );
  assert.equal(found(lines, WELL, 900)[0].kind, "quiet");
});

for (const [status, kind] of [
  ["unavailable", "silent"],
  ["503", "errors"],
  ["422", "refused"],
]) {
  test(`flows that wait where calls fail are told by that alone: ${status}`, () => {
    const lines = [...flows("open", 400), calls(status, 9, "next"), rejections("backend_error", 9)];
    assert.deepEqual(
      found(lines).map((finding) => finding.kind),
      [kind],
    );
  });
}

test("flows that wait where no call fails are told beside a failing step elsewhere", () => {
  const lines = [...flows("open", 400), calls("unavailable", 9, "start")];
  assert.deepEqual(
    found(lines).map(({ kind }) => kind),
    ["silent", "stuck"],
  );
});

test("a store that does not answer is told before all else, with its own words", () => {
  const [worst, second] = found([requests(10), calls(503, 10), "integrator_sweep_lag_seconds 60"], {
    lost: null,
    ready: { code: "store_unavailable", detail: "no answer within 1500 ms" },
  });
  assert.deepEqual(
    [worst.kind, worst.fault, worst.cause],
    ["store", "store", "no answer within 1500 ms"],
  );
  assert.equal(second.kind, "errors");
});

test("an instance that stops says so, and that nobody is at fault", () => {
  const [worst] = found([], { lost: null, ready: { code: "shutting_down", detail: "" } });
  assert.deepEqual([worst.kind, worst.fault], ["stopping", "nobody"]);
});

test("where nothing answers, that alone is told, with the time", () => {
  const all = found([requests(10), calls("timeout", 10)], {
    lost: new Date("2026-01-17T03:12:05Z"),
    words: "gone",
  });
  assert.equal(all.length, 1);
  assert.match(plain(all[0].headline), /^No answer from this instance since .*03:12:05 UTC$/);
});

test("bugs, full stores, late sweeps, late answers and held starts are each a finding", () => {
  const lines = [
    requests(10),
    rejections("internal", 1),
    rejections("capacity_exhausted", 2),
    rejections("admission_limited", 4),
    "integrator_sweep_lag_seconds 30",
    "integrator_stale_commits_total 1",
  ];
  assert.deepEqual(
    found(lines).map(({ kind }) => kind),
    ["internal", "full", "sweep", "late", "held"],
  );
});

test("every code of the service has somebody at fault", () => {
  for (const [code, [who, words]] of Object.entries(CODES)) {
    assert.ok(
      ["backend", "client", "contract", "gate", "integrator", "nobody", "store", "time"].includes(who),
      code,
    );
    assert.ok(words.length > 5, code);
  }
});
