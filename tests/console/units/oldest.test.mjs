import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.mjs";
import { screen } from "./screen.mjs";

test("a flow that moves while the states are asked for is listed once", async () => {
  const { byId, write, show } = screen();
  const flow = (state) => ({ flowHandle: "h", state, terminal: false, issuedAt: "2026-01-17" });
  const globals = {
    byId,
    write,
    show,
    askJson: async (path) => ({
      flows: [flow(new URL(path, "http://host/").searchParams.get("state"))],
    }),
    keyed: (list, items, keyOf) => {
      list.children = items.map(keyOf);
    },
  };
  const { Oldest } = page(["text", "hits", "oldest"], ["Oldest"], globals);
  const state = (name, oldest) => ({ protocol: "p", state: name, flows: 1, oldest });

  await Oldest.refresh({ open: [state("registered", 9), state("hash_issued", 5)] });

  assert.equal(Oldest.failure, null);
  assert.deepEqual(byId("oldest").children, ["h"]);
});
