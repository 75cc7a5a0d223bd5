// The parts are one script: a name that two of them give would silently be the later one's.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

test("no two parts of the script give one name", () => {
  const folder = new URL("../../../src/console/page/", import.meta.url);
  const parts = readdirSync(folder).filter((name) => name.endsWith(".js"));
  const names = parts.flatMap((part) => {
    const text = readFileSync(new URL(part, folder), "utf8");
    const given = text.matchAll(/^(?:async )?(?:function|const|let|class) (\w+)/gm);
    return [...given].map(([, name]) => name);
  });

  assert.ok(names.length > 0);
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
});
