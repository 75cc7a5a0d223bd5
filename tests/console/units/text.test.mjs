import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.mjs";

const { duration, wholeDuration, percent, spanWords, clockTime, instant, times } = page(
  ["text"],
  ["duration", "wholeDuration", "percent", "spanWords", "clockTime", "instant", "times"],
);
const plain = (text) => text.replaceAll("\u00a0", " ");

test("durations are told in the two largest units that matter", () => {
  const told = [
    0, 0.00042, 0.0042, 0.25, 1.25, 42, 59.4, 59.6, 60, 75, 3600, 5400, 86399.7, 90061, -2,
  ].map((seconds) => plain(duration(seconds)));
  assert.deepEqual(told, [
    "0 ms",
    "0.4 ms",
    "4.2 ms",
    "250 ms",
    "1.3 s",
    "42 s",
    "59 s",
    "1 min",
    "1 min",
    "1 min 15 s",
    "1 h",
    "1 h 30 min",
    "1 d",
    "1 d 1 h",
    "-2 s",
  ]);
});

test("a duration that is not known is a dash", () => {
  assert.equal(duration(null), "\u2013");
  assert.equal(duration(NaN), "\u2013");
});

test("durations that are counted have no fractions", () => {
  assert.deepEqual(
    [0.2, 14.4, 61].map((seconds) => plain(wholeDuration(seconds))),
    ["1 s", "14 s", "1 min 1 s"],
  );
});

test("a share that is not nothing is never told as nothing, nor one that is not all as all", () => {
  assert.deepEqual(
    [0, 0.001, 0.384, 0.999, 1].map((share) => plain(percent(share))),
    ["0 %", "< 1 %", "38 %", "> 99 %", "100 %"],
  );
});

test("a whole window is the last minute, and a shorter one what it is", () => {
  assert.equal(spanWords(61), "the last minute");
  assert.equal(plain(spanWords(14.2)), "the last 14 s");
});

test("times carry their day where it is another", () => {
  const date = new Date("2026-01-17T03:12:05.678Z");
  assert.equal(clockTime(date, new Date("2026-01-17T23:59:00Z")), "03:12:05");
  assert.equal(clockTime(date, new Date("2026-01-18T00:00:00Z")), "2026-01-17 03:12:05");
});

test("a text that is no time is none", () => {
  assert.equal(instant("tomorrow"), null);
  assert.equal(instant(undefined), null);
});

test("one is not many", () => {
  assert.deepEqual(
    [0, 1, 12345].map((value) => plain(times(value, "flow"))),
    ["0 flows", "1 flow", "12,345 flows"],
  );
});
