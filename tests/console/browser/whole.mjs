// The whole page: how it looks, whether everybody can use it, how little it asks for.

import {
  accessible,
  faultless,
  headline,
  noSidewaysScroll,
  opened,
  polled,
  says,
  shot,
  watching,
} from "./browser.mjs";
import { HASH, VERIFY, script, start, step, url, verified } from "./service.mjs";

// Some minutes of a service in a moment: flows in every state, failures, refusals.
async function eventful() {
  await script(VERIFY, {
    status: 200,
    body: '{"verified":false,"reason":"COUNTER_NOT_INCREASED","signCount":7}',
    times: 4,
  });
  await Promise.all(
    Array.from({ length: 18 }, (_, at) =>
      verified({ verifyRunID: `run-${at}` }, { "x-correlation-id": `order-${1000 + at}` }),
    ),
  );
  await Promise.all(
    Array.from({ length: 7 }, (_, at) => start({}, { "x-correlation-id": `checkout-${at}` })),
  );
  const early = await start({}, { "x-correlation-id": "skips-steps" });
  await Promise.all(
    Array.from({ length: 4 }, (_, at) =>
      step(early.flowHandle, "assert", { assertionObject_base64: `YXNz${at}` }),
    ),
  );
}

// A flow whose calls failed in several ways before it ended.
async function troubled() {
  const { flowHandle } = await start(
    { verifyRunID: "run-2041" },
    { "x-correlation-id": "order-2041" },
  );
  await script(
    HASH,
    { hang: true, times: 1 },
    { status: 503, body: '{"error":"deploying"}', times: 1 },
  );
  await step(flowHandle, "client-data-hash");
  await step(flowHandle, "client-data-hash");
  await step(flowHandle, "client-data-hash");
  await script(VERIFY, {
    status: 200,
    body: '{"verified": true, "signCount": 1, "receipt":"ZmFrZQ==","environment":"production"}',
  });
  await step(flowHandle, "assert", { assertionObject_base64: "YXNz" });
  return flowHandle;
}

async function outage() {
  await script(HASH, { hang: true });
  const flows = await Promise.all(Array.from({ length: 6 }, () => start()));
  await Promise.all(flows.map(({ flowHandle }) => step(flowHandle, "client-data-hash")));
}

async function checked(page) {
  await accessible(page);
  await noSidewaysScroll(page);
}

// Every number of the backend's table is seen without scrolling sideways, the worst step first.
async function numbersFit(page) {
  const [content, room] = await page.$eval("#backend-scroll", (region) => [
    region.scrollWidth,
    region.clientWidth,
  ]);
  if (content > room) throw new Error(`the backend's table is ${content} px wide in ${room}`);
  await says(page, "#backend tbody tr:first-child", "client-data-hash");
}

// Who is at fault stands in the headline's first line.
async function blameIsBeside(page) {
  const [headline, blame] = await page.evaluate(() =>
    ["headline", "blame"].map((id) => document.getElementById(id).getBoundingClientRect().toJSON()),
  );
  if (blame.left < headline.right || blame.top > headline.top + 20)
    throw new Error("who is at fault stands on a line of its own");
}

export async function looks() {
  const views = [
    ["light", await opened({ height: 1000 })],
    ["dark", await opened({ look: "dark", height: 1000 })],
    ["phone", await opened({ width: 360, height: 780 })],
  ];
  for (const [, page] of views) await headline(page, "All is quiet");
  await eventful();
  for (const [name, page] of views) {
    await headline(page, "Clients send steps out of order");
    await checked(page);
  }
  const handle = await troubled();
  await outage();
  for (const [name, page] of views) {
    await headline(page, "The backend answers only in part");
    await polled(page, 1);
    await checked(page);
    await numbersFit(page);
    if (name !== "phone") await blameIsBeside(page);
    await shot(page, `console-${name}`, false);
    await page.evaluate((handle) => {
      location.hash = `#flow=${handle}`;
    }, handle);
    await says(page, "#flow-headline", "Ended in verified");
    await checked(page);
    await page.$eval("#flow", (flow) => flow.scrollIntoView());
    if (name === "light") await shot(page, "flow-light", false);
    await page.$eval("body", () => scrollTo(0, 0));
    faultless(page);
  }
}

export async function confirming() {
  const { flowHandle } = await start({ verifyRunID: "run-7" }, { "x-correlation-id": "order-7" });
  const page = await opened({ hash: `#flow=${flowHandle}`, height: 800 });
  await says(page, "#flow-headline", "Waits in registered");
  await page.click("#flow-expire");
  await says(page, "#expire-words", "cannot be taken back");
  await checked(page);
  await shot(page, "expire", false);
  faultless(page);
}

export async function nothingFound() {
  const page = await opened({ hash: "#find=order-9999", look: "dark" });
  await says(page, "#found-title", "Nothing found");
  await checked(page);
  faultless(page);
}

// What some polls asked for and how much came, flows listed included.
async function cost(page, polls) {
  const asked = [];
  const heard = async (reply) =>
    asked.push({ path: new URL(reply.url()).pathname, bytes: (await reply.buffer()).length });
  await watching(page);
  page.on("response", heard);
  await polled(page, polls);
  page.off("response", heard);
  return {
    requests: asked.length,
    bytes: asked.reduce((sum, { bytes }) => sum + bytes, 0),
    paths: [...new Set(asked.map(({ path }) => path))],
  };
}

// The number of flows that whoever plays this says are stored.
export async function light() {
  const stored = Number(process.env.CONSOLE_FLOWS);
  const page = await opened();
  await says(page, "#states-total", `whole store, ${stored.toLocaleString("en-US")} flows`);
  const { requests, bytes, paths } = await cost(page, 6);
  const elements = await page.evaluate(() => document.querySelectorAll("*").length);
  // Of six polls, each asks for metrics and readiness; one or two for the oldest of a few states.
  if (requests > 6 * 2 + 2 + 2 * 8) throw new Error(`${requests} requests in six polls: ${paths}`);
  if (bytes / 6 > 64 * 1024) throw new Error(`${bytes} bytes in six polls`);
  if (elements > 1500) throw new Error(`${elements} elements`);
  const { flows } = await (await fetch(url("/v1/flows?state=registered&limit=1"))).json();
  await page.type("#find", flows[0].correlationID);
  const before = page.asked.length;
  await page.keyboard.press("Enter");
  await says(page, "#flow-facts", flows[0].flowHandle);
  const found = page.asked.slice(before).filter((url) => !/metrics|readyz|health/.test(url));
  if (found.length > 12) throw new Error(`a search asked ${found.length} times: ${found}`);
  faultless(page);
}
