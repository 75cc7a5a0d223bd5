import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.mjs";
import { screen } from "./screen.mjs";

// The dialog over a service that refuses so, and tells the flow's status so; what it says then.
async function refused(error, status) {
  const { byId, write, show } = screen();
  let reads = 0;
  const globals = {
    byId,
    write,
    show,
    facts() {},
    code: (text) => text,
    ask: async () => {
      throw error;
    },
    askJson: async () => {
      if (status instanceof Error) throw status;
      return status;
    },
    FlowView: {
      async read() {
        reads += 1;
      },
    },
  };
  const { Expire } = page(["expire"], ["Expire"], globals);
  Expire.ask({ flowHandle: "h", state: "registered", protocol: "p", correlationID: "c" });
  await Expire.confirmed();
  return { said: byId("expire-said").textContent, reads };
}

const failed = (message, status, code) => Object.assign(new Error(message), { status, code });

test("an expiry that the service refused was not made", async () => {
  const { said } = await refused(failed("it has ended", 409, "terminal_state"), {});
  assert.equal(said, "It was not expired. it has ended.");
});

test("an expiry that was not answered may have been made, so that the flow is read again", async () => {
  const late = failed("it was not answered within 8 s", null);
  const { said, reads } = await refused(late, { state: "expired", terminal: true });
  assert.equal(
    said,
    "Whether it was expired is not known: it was not answered within 8 s. The flow has ended in expired.",
  );
  assert.equal(reads, 1);
});

test("a store that failed may have taken the expiry all the same", async () => {
  const { said } = await refused(failed("the store does not answer", 503, "store_unavailable"), {
    state: "registered",
    terminal: false,
  });
  assert.ok(said.startsWith("Whether it was expired is not known: "), said);
  assert.ok(said.endsWith("Read after that, the flow stands in registered."), said);
});

test("where the flow cannot be read either, that is said", async () => {
  const { said } = await refused(failed("no answer", null), failed("nobody there", null));
  assert.equal(
    said,
    "Whether it was expired is not known: no answer. The flow cannot be read either: nobody there.",
  );
});
