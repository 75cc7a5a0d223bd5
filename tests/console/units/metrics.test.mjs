import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.mjs";

const { parseMetrics, gauge } = page(["metrics"], ["parseMetrics", "gauge"]);

test("samples are read with labels, escapes and values", () => {
  const text = [
    "# HELP a_total Help with a {brace} and 1",
    "# TYPE a_total counter",
    'a_total{x="1",y="a\\"b\\\\c\\nd,}="} 3',
    "plain 2.5e-3",
    'stamped{le="+Inf"} +Inf 1712345678901',
    'trailing{a="b",} 7',
    "empty{} 8",
  ].join("\n");

  const families = parseMetrics(text);

  assert.deepEqual(families.get("a_total"), [
    { name: "a_total", labels: { x: "1", y: 'a"b\\c\nd,}=' }, value: 3 },
  ]);
  assert.equal(gauge(families, "plain"), 0.0025);
  assert.deepEqual(families.get("stamped")[0].value, Infinity);
  assert.equal(gauge(families, "trailing"), 7);
  assert.equal(gauge(families, "empty"), 8);
});

test("lines that are no samples are left out and spoil no others", () => {
  const families = parseMetrics(
    '\n{x="1"} 2\nbroken{x="1 2\nnan NaN\nnone\nbad{x=1} 2\ngood 1\r\n',
  );
  assert.deepEqual([...families.keys()], ["good"]);
});

test("a family that is not there has no value", () => {
  assert.equal(gauge(parseMetrics(""), "good"), null);
});
