import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.mjs";

const { Scrapes, parseMetrics, total, summed, quantile, buckets, latencies, Trend, polyline } =
  page(
    ["text", "metrics", "window", "quantile", "trend"],
    [
      "Scrapes",
      "parseMetrics",
      "total",
      "summed",
      "quantile",
      "buckets",
      "latencies",
      "Trend",
      "polyline",
    ],
  );

const MOVES = "integrator_flow_transitions_total";
// A scrape of the process that began at `start`.
const scrape = (start, starts, asserts = 0) =>
  parseMetrics(
    `process_start_time_seconds ${start}\n${MOVES}{step="start"} ${starts}\n` +
      (asserts > 0 ? `${MOVES}{step="assert"} ${asserts}\n` : ""),
  );

test("what grew is told per sample, and a sample that is new grew from nothing", () => {
  const scrapes = new Scrapes();
  scrapes.add(0, scrape(100, 5));
  scrapes.add(2, scrape(100, 8, 2));
  assert.deepEqual(
    summed(scrapes.growth(MOVES), "step").map(({ labels, value }) => [labels.step, value]),
    [
      ["start", 3],
      ["assert", 2],
    ],
  );
});

test("one scrape tells no rates", () => {
  const scrapes = new Scrapes();
  scrapes.add(0, scrape(100, 5));
  assert.equal(scrapes.span, null);
  assert.deepEqual(scrapes.growth(MOVES), []);
});

test("what is older than a minute slides out", () => {
  const scrapes = new Scrapes();
  for (let at = 0; at <= 120; at += 2) scrapes.add(at, scrape(100, at));
  assert.equal(scrapes.span.seconds, 60);
  assert.equal(total(scrapes.growth(MOVES)), 60);
});

test("a restart is not many instances, and its counters begin anew", () => {
  const scrapes = new Scrapes();
  scrapes.add(0, scrape(100, 50));
  scrapes.add(2, scrape(102, 1));
  scrapes.add(4, scrape(102, 3));
  assert.equal(scrapes.instances, 1);
  assert.equal(total(scrapes.growth(MOVES)), 2);
});

test("two instances in turn are told apart, and each grows by itself", () => {
  const scrapes = new Scrapes();
  [
    [100, 1000],
    [200, 5],
    [100, 1003],
    [200, 6],
  ].forEach(([start, value], at) => scrapes.add(at * 2, scrape(start, value)));
  assert.equal(scrapes.instances, 2);
  assert.equal(scrapes.mixed, false);
  assert.equal(total(scrapes.growth(MOVES)), 1);
});

test("instances that cannot be told apart tell no rates while they are seen", () => {
  const scrapes = new Scrapes();
  [1000, 5, 1001, 6].forEach((value, at) => scrapes.add(at * 2, scrape(100, value)));
  assert.equal(scrapes.mixed, true);
  assert.equal(scrapes.instances, 2);
  assert.deepEqual(scrapes.growth(MOVES), []);
  for (let at = 8; at < 100; at += 2) scrapes.add(at, scrape(100, at));
  assert.equal(scrapes.mixed, false);
  assert.ok(total(scrapes.growth(MOVES)) > 0);
});

test("percentiles lie on a straight line inside their bucket", () => {
  const histogram = [
    { le: 0.1, value: 50 },
    { le: 0.2, value: 90 },
    { le: 1, value: 100 },
    { le: Infinity, value: 100 },
  ];
  assert.deepEqual(quantile(0.9, histogram), { value: 0.2, sign: "" });
  assert.ok(Math.abs(quantile(0.7, histogram).value - 0.15) < 1e-12);
  assert.ok(Math.abs(quantile(0.95, histogram).value - 0.6) < 1e-12);
});

test("of a percentile in the first bucket no more is told than its bound", () => {
  const histogram = [
    { le: 0.005, value: 10 },
    { le: Infinity, value: 10 },
  ];
  assert.deepEqual(quantile(0.5, histogram), { value: 0.005, sign: "<" });
});

test("a percentile past the last bound is told as beyond it", () => {
  const histogram = [
    { le: 10, value: 1 },
    { le: Infinity, value: 100 },
  ];
  assert.deepEqual(quantile(0.99, histogram), { value: 10, sign: ">" });
});

test("nothing observed has no percentile", () => {
  assert.equal(quantile(0.5, []), null);
  assert.equal(quantile(0.5, [{ le: 1, value: 0 }]), null);
});

test("buckets of several samples are added up by their bound, in order", () => {
  const list = [
    ["+Inf", 3],
    ["0.1", 1],
    ["0.1", 2],
  ].map(([le, value]) => ({ labels: { le }, value }));
  assert.deepEqual(buckets(list), [
    { le: 0.1, value: 3 },
    { le: Infinity, value: 3 },
  ]);
  assert.equal(
    latencies(
      list.map((sample) => ({ ...sample, labels: { ...sample.labels, step: "s" } })),
      "step",
    )[0].calls,
    3,
  );
});

test("a trend keeps a bounded number of points and loses nothing", () => {
  const trend = new Trend();
  for (let poll = 0; poll < 5000; poll += 1) trend.add({ value: 1, seconds: 2 });
  assert.ok(trend.points.length <= 120);
  assert.ok(trend.points.length >= 60);
  assert.ok(trend.rates.every((rate) => rate === 30));
});

test("a sparkline touches its top at the highest rate and its ground at none", () => {
  assert.equal(polyline([0, 5, 10], 100, 20), "0.0,20.0 50.0,10.0 100.0,0.0");
});
