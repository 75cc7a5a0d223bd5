// The page names the same party for each code as the table of docs/OPERATIONS.md, which leads.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { page } from "./page.mjs";

const { CODES, FAULTS, fault, unanswered } = page(
  ["codes"],
  ["CODES", "FAULTS", "fault", "unanswered"],
);
const WHO = {
  "the backend": "backend",
  "the backend or its gate": "gate",
  "the client": "client",
  "the contract between backend and definition": "contract",
  "the integrator": "integrator",
  nobody: "nobody",
  "the store": "store",
  time: "time",
};

// [code, who, whether it is an attempt], row by row; the first row that names a code is its own.
function rows() {
  const document = new URL("../../../docs/OPERATIONS.md", import.meta.url);
  const text = readFileSync(document, "utf8").split("### Who is at fault?")[1].split("\n### ")[0];
  const cells = text
    .split("\n")
    .filter((line) => line.startsWith("| ") && line.includes("**"))
    .map((line) => line.split(" | "));
  return cells.flatMap(([seen, who]) =>
    [...seen.matchAll(/`([a-z_]+)`/g)]
      .map(([, code]) => code)
      .filter((code) => Object.hasOwn(CODES, code))
      .map((code) => [code, WHO[who.match(/\*\*([^*]+)\*\*/)[1]], seen.includes("attempt")]),
  );
}

// Codes that the console knows before any build has them.
const FORESEEN = ["unauthenticated"];

const told = (isAttempt) => {
  const parties = new Map();
  for (const [code, who, ofAttempt] of rows())
    if (ofAttempt === isAttempt && !parties.has(code)) parties.set(code, who);
  return parties;
};

test("a refusal is the fault of whom the table names", () => {
  const table = told(false);
  const known = Object.keys(CODES).filter((code) => !FORESEEN.includes(code));
  assert.deepEqual(
    Object.fromEntries(known.map((code) => [code, fault(code)[0]])),
    Object.fromEntries(known.map((code) => [code, table.get(code)])),
  );
});

test("an attempt is the fault of whom the table names", () => {
  const [refusals, attempts] = [told(false), told(true)];
  assert.ok(attempts.size > 0);
  for (const [code, who] of [...refusals, ...attempts]) {
    assert.equal(unanswered(code)[0], attempts.get(code) ?? who, code);
    assert.ok(Object.hasOwn(FAULTS, unanswered(code)[0]), code);
  }
});
