import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.mjs";

const { members, elements, member, indented } = page(
  ["raw"],
  ["members", "elements", "member", "indented"],
);

const HOSTILE =
  '{ "a" : 1.0e+2 ,"a":01e0, "\\u0061":"<img src=x onerror=alert(1)>\\"}]", "n":12345678901234567890.10,"":[ ] , "d":{"x":[{"y":"\\\\"}]}}';

test("members are the very text that was sent, doubled names and spellings included", () => {
  assert.deepEqual(members(HOSTILE), [
    ["a", "1.0e+2"],
    ["a", "01e0"],
    ["a", '"<img src=x onerror=alert(1)>\\"}]"'],
    ["n", "12345678901234567890.10"],
    ["", "[ ]"],
    ["d", '{"x":[{"y":"\\\\"}]}'],
  ]);
});

test("elements keep their inner spacing", () => {
  assert.deepEqual(elements('[ {"a" : [1,2]},\n null ,"]" ]'), ['{"a" : [1,2]}', "null", '"]"']);
  assert.deepEqual(elements("[]"), []);
});

test("a member that is not there is none, and an empty object has none", () => {
  assert.equal(member('{"a":1}', "b"), null);
  assert.deepEqual(members(" { } "), []);
});

test("what does not end is refused, not guessed", () => {
  for (const text of ['{"a":1', '{"a"', '["', "[1 2]", '{"a":[}', "{1:2}", "", "[,]"]) {
    assert.throws(() => (text.startsWith("[") ? elements(text) : members(text)), SyntaxError, text);
  }
});

test("deep nesting is walked without recursion", () => {
  const deep = "[".repeat(50_000) + "]".repeat(50_000);
  assert.equal(member(`{"a":${deep}}`, "a"), deep);
});

test("indenting changes white space outside strings and nothing else", () => {
  const bare = (text) => text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, string) => string ?? "");
  assert.equal(
    indented('{"a":[1.0, {}],"b" : "x  y"}'),
    '{\n  "a": [\n    1.0,\n    {}\n  ],\n  "b": "x  y"\n}',
  );
  assert.equal(bare(indented(HOSTILE)), bare(HOSTILE));
});

test("what would be indented without end is not indented", () => {
  assert.equal(indented("[".repeat(2000) + "]".repeat(2000)), null);
});
