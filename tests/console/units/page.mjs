// The page's own files, which are parts of one script, run here as such without a browser.

import { readFileSync } from "node:fs";

const PAGE = new URL("../../../src/console/page/", import.meta.url);

// The named functions and constants of these files, among `globals` that stand for the browser's and
// for files that are left out.
export function page(files, names, globals = {}) {
  const text = files.map((file) => readFileSync(new URL(`${file}.js`, PAGE), "utf8")).join("\n");
  const body = `"use strict";\n${text}\nreturn { ${names.join(", ")} };`;
  return new Function(...Object.keys(globals), body)(...Object.values(globals));
}
