// The page's own files, which are parts of one script, run here as such without a browser.

import { readFileSync } from "node:fs";

const PAGE = new URL("../../../src/console/page/", import.meta.url);

// The named functions and constants of these files.
export function page(files, names) {
  const text = files.map((file) => readFileSync(new URL(`${file}.js`, PAGE), "utf8")).join("\n");
  return new Function(`"use strict";\n${text}\nreturn { ${names.join(", ")} };`)();
}
