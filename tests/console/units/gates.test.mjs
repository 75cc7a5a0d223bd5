// What the page makes of admission control: each gate in numbers, and who is at fault when one
// refuses.

import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.mjs";

const { Scrapes, parseMetrics, summarised, verdict } = page(
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
  ["Scrapes", "parseMetrics", "summarised", "verdict"],
);
const plain = (text) => text.replaceAll("\u00a0", " ");

// The metrics of a gate, after `admitted` and `refused` new flows.
function gate({
  backend = "default",
  mode = "enforce",
  regime = "regulating",
  ewma = 340,
  error = ewma === null ? null : 200 - ewma,
  rate = 12.5,
  admitted = 0,
  refused = 0,
  steps = null,
} = {}) {
  const one = (name, value) => `integrator_admission_${name}{backend="${backend}"} ${value}`;
  const decided = (of, decision, value) =>
    `integrator_admission_decisions_total{backend="${backend}",class="${of}",` +
    `decision="${decision}",mode="${mode}"} ${value}`;
  return [
    ...(ewma === null ? [] : [one("ewma_ms", ewma)]),
    one("setpoint_ms", 200),
    one("rate_tps", rate),
    one("rate_max_tps", 200),
    one("tokens", 0.4),
    ...(error === null ? [] : [one("error_ms", error)]),
    one("p_tps", -70),
    one("i_tps", 80),
    one("d_tps", 2.5),
    ...["open", "regulating", "closed"].map(
      (name) =>
        `integrator_admission_regime{backend="${backend}",regime="${name}"} ` +
        `${name === regime ? 1 : 0}`,
    ),
    decided("new_flow", "admitted", admitted),
    decided("new_flow", "refused", refused),
    ...(steps === null
      ? []
      : [decided("step", "admitted", 0), decided("step", "refused", steps)]),
    ...(mode === "observe"
      ? []
      : [
          `integrator_rejections_total{protocol="p",step="start",code="admission_limited"} ` +
            `${refused + (steps ?? 0)}`,
        ]),
  ];
}

// A summary of a minute that began with some gates and ended with others.
function summary(before, after) {
  const always = ["process_start_time_seconds 1", "integrator_store_up 1"];
  const scrapes = new Scrapes();
  scrapes.add(0, parseMetrics([...always, ...before].join("\n")));
  scrapes.add(60, parseMetrics([...always, ...after].join("\n")));
  return summarised(scrapes, new Map());
}

function found(before, after) {
  return verdict(summary(before, after), { lost: null, ready: null }, 300);
}

test("a gate is told with what it measures now and what it decided in the window", () => {
  const before = gate({ admitted: 100, refused: 7 });
  const [only] = summary(before, gate({ admitted: 130, refused: 27 })).gates;
  assert.deepEqual(only, {
    backend: "default",
    mode: "enforce",
    decisions: [{ class: "new_flow", admitted: 30, refused: 20, isUsed: true }],
    regime: "regulating",
    stayedFull: false,
    newsAge: 60,
    isIdle: false,
    latency: 0.34,
    actedOn: 0.34,
    isBeyond: false,
    setpoint: 0.2,
    rate: 12.5,
    ceiling: 200,
    tokens: 0.4,
    error: 0.2 - 0.34,
    p: -70,
    i: 80,
    d: 2.5,
  });
});

test("where admission control is off there is no gate and nothing is found", () => {
  assert.deepEqual(summary([], []).gates, []);
  assert.equal(found([], [])[0].kind, "quiet");
});

test("before a call has ended a gate has no latency, and no error, be it 0 or absent", () => {
  const nothing = gate({ ewma: null });
  const absent = nothing.filter((line) => !line.includes("_error_ms"));
  for (const lines of [nothing, absent]) {
    const [{ latency, actedOn, error }] = summary([], lines).gates;
    assert.deepEqual([latency, actedOn, error], [null, null, null]);
  }
});

test("a gate is idle where no call ended for a while and nobody asked", () => {
  const last = (before, after) => summary(before, after).gates[0];
  const idle = last(gate(), gate());
  assert.deepEqual([idle.newsAge, idle.isIdle], [60, true]);
  assert.equal(last(gate(), gate({ refused: 1 })).isIdle, false);
  assert.equal(last(gate(), gate({ ewma: 341 })).newsAge, 0);
  const failed = (value) =>
    `integrator_backend_requests_total{protocol="p",status="timeout",step="start"} ${value}`;
  assert.equal(last([...gate(), failed(1)], [...gate(), failed(2)]).newsAge, 0);
});

test("where all is quiet, a gate that is not open is told as its last calls left it", () => {
  const cause = (of) => found(gate(of), gate(of))[0].cause;
  const closed = { regime: "closed", mode: "observe" };
  assert.match(cause(closed), / The gate of 'default' would be closed, as its last calls left it\.$/);
  assert.match(cause({ regime: "regulating" }), / The gate of 'default' is regulating, as /);
  assert.ok(cause({ regime: "open" }).endsWith("its store answers."));
});

test("closed gates come first, then those that refuse most, then by name", () => {
  const after = [
    ...gate({ backend: "b", regime: "open" }),
    ...gate({ backend: "a", regime: "open" }),
    ...gate({ backend: "c", regime: "open", refused: 3 }),
    ...gate({ backend: "d", regime: "regulating" }),
    ...gate({ backend: "e", regime: "closed" }),
  ];
  assert.deepEqual(
    summary([], after).gates.map(({ backend }) => backend),
    ["e", "d", "c", "a", "b"],
  );
});

test("starts that are held back from a slow backend are its fault, with both latencies", () => {
  const [worst, ...others] = found(gate(), gate({ admitted: 30, refused: 20 }));
  assert.deepEqual([worst.kind, worst.level, worst.fault], ["held", "warn", "backend"]);
  assert.equal(plain(worst.headline), "Starts are held back: 20 in the last minute");
  assert.equal(
    plain(worst.cause),
    "The backend 'default' takes 340 ms; 200 ms are aimed at. It is spared from more than it " +
      "bears: 13 a second of at most 200 a second are let in.",
  );
  assert.ok(worst.advice.includes("Clients should wait as Retry-After says"), worst.advice);
  assert.deepEqual(others, []);
});

test("where calls under way take longer than the average, both latencies are told", () => {
  const hanging = { ewma: 20, error: -700 };
  const [worst] = found(gate(hanging), gate({ ...hanging, refused: 20 }));
  assert.equal(worst.fault, "backend");
  const both = "The backend 'default' takes 900 ms with the calls under way, 20 ms without; 200 ms";
  assert.ok(plain(worst.cause).startsWith(both), worst.cause);
  const early = { ...hanging, ewma: null };
  const [first] = found(gate(early), gate({ ...early, refused: 20 }));
  assert.ok(plain(first.cause).startsWith("The backend 'default' takes 900 ms;"), first.cause);
});

test("no more is told as a latency than calls without an answer count as", () => {
  const dead = { ewma: 170, error: 200 - 119_000 };
  const after = gate({ ...dead, refused: 20 });
  const [worst] = found(gate(dead), after);
  const words = "The backend 'default' takes 1 s or longer, or does not answer; 200 ms are aimed at.";
  assert.ok(plain(worst.cause).startsWith(words), worst.cause);
  const [only] = summary(gate(dead), after).gates;
  assert.deepEqual([only.actedOn, only.isBeyond, only.error], [1, true, -0.8]);
});

test("calls that all end without an answer are told as such, and answers with what they took", () => {
  const of = (ewma) => found(gate({ ewma }), gate({ ewma, refused: 20 }))[0].cause;
  assert.match(plain(of(1000)), /takes 1 s or longer, or does not answer;/);
  assert.match(plain(of(1700)), /takes 1.7 s;/);
  const slow = { ewma: 1700, error: 200 - 2600 };
  const [{ cause }] = found(gate(slow), gate({ ...slow, refused: 20 }));
  assert.match(plain(cause), /takes 1.7 s or longer; 200 ms/);
});

test("before a control step has acted on anything, the average is told", () => {
  const [worst] = found(gate({ error: null }), gate({ error: null, refused: 20 }));
  assert.ok(plain(worst.cause).startsWith("The backend 'default' takes 340 ms;"), worst.cause);
});

test("a backend that is exactly at its target is told by the latency that was acted on", () => {
  const [only] = summary([], gate({ error: 0 })).gates;
  assert.deepEqual([only.latency, only.actedOn, only.error], [0.34, 0.2, 0]);
});

test("a gate that is closed is worse than one that regulates", () => {
  const [worst] = found(gate(), gate({ regime: "closed", ewma: 3000, refused: 20 }));
  assert.deepEqual([worst.kind, worst.level, worst.fault], ["held", "bad", "backend"]);
  assert.equal(
    plain(worst.headline),
    "Starts are held back, all but probes: 20 in the last minute",
  );
});

test("the most closed of several gates speaks for all that refuse", () => {
  const gates = (more) => [
    ...gate({ backend: "a", ...more(40) }),
    ...gate({ backend: "b", regime: "closed", ...more(3) }),
  ];
  const [worst] = found(
    gates(() => ({})),
    gates((refused) => ({ refused })),
  );
  assert.equal(worst.level, "bad");
  assert.ok(worst.cause.includes("The backend 'b' takes"), worst.cause);
});

test("what a gate refuses that stood at its ceiling all the time is the ceiling's matter", () => {
  const full = { ewma: 50, rate: 200 };
  const [worst] = found(gate(full), gate({ ...full, admitted: 30, refused: 20 }));
  assert.deepEqual([worst.kind, worst.level, worst.fault], ["ceiling", "warn", "integrator"]);
  assert.equal(
    plain(worst.headline),
    "More starts come than are let in: 20 in the last minute were refused",
  );
});

test("a gate that has opened meanwhile says so, and nobody is accused", () => {
  const opened = gate({ regime: "open", ewma: 50, refused: 20 });
  const [worst] = found(gate({ regime: "closed" }), opened);
  assert.deepEqual([worst.kind, worst.level, worst.fault], ["held", "warn", "nobody"]);
  assert.ok(plain(worst.cause).endsWith("The gate has opened again."), worst.cause);
});

test("a gate whose backend is clearly fast enough is opening, and nobody is accused", () => {
  const [worst] = found(gate(), gate({ ewma: 90, refused: 20 }));
  assert.equal(worst.fault, "nobody");
  assert.ok(plain(worst.cause).includes("is opening: 13 a second of at most 200"), worst.cause);
  assert.equal(found(gate(), gate({ ewma: 110, refused: 20 }))[0].fault, "backend");
});

test("refused steps are told as such", () => {
  const [worst] = found(gate({ steps: 0 }), gate({ refused: 2, steps: 5 }));
  assert.equal(plain(worst.headline), "Steps are held back: 7 in the last minute");
});

test("what observe mode would refuse is told with its share, and nothing as refused", () => {
  const observing = { mode: "observe" };
  const [worst, ...others] = found(
    gate(observing),
    gate({ ...observing, admitted: 30, refused: 20 }),
  );
  assert.deepEqual([worst.kind, worst.level, worst.fault], ["observed", "warn", "backend"]);
  assert.equal(
    plain(worst.headline),
    "Admission control would hold back starts: 40 % in the last minute",
  );
  assert.deepEqual(others, []);
});

test("few of many that observe mode would refuse are no finding", () => {
  const observing = { mode: "observe" };
  const after = gate({ ...observing, admitted: 970, refused: 30 });
  assert.equal(found(gate(observing), after)[0].kind, "quiet");
});
