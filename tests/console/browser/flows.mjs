// Flows found, read and expired.

import { faultless, opened, says, watching } from "./browser.mjs";
import { HASH, REGISTER, VERIFY, get, script, start, step } from "./service.mjs";

function same(found, expected, what) {
  if (found !== expected) throw new Error(`${what}: found ${found}, expected ${expected}`);
}

async function search(page, words) {
  await page.click("#find", { clickCount: 3 });
  await page.type("#find", words);
  await page.keyboard.press("Enter");
}

async function shown(page, handle) {
  await says(page, "#flow-title", handle);
  await says(page, "#flow-facts", handle);
}

async function state(handle) {
  return (await get(`/v1/flows/${handle}/status`)).state;
}

export async function byEachId() {
  const flow = await start({ verifyRunID: "run-42" }, { "x-correlation-id": "order-1001" });
  await start({ verifyRunID: "run-43" }, { "x-correlation-id": "order-1002" });
  const page = await opened({ forgiving: true });
  for (const id of [flow.flowHandle, flow.flowID, "order-1001", "run-42"]) {
    await page.keyboard.press("Escape");
    await search(page, id);
    await shown(page, flow.flowHandle);
  }
  faultless(page);
}

export async function manyHits() {
  await script(REGISTER, { status: 200, body: '{"flowID":"shared"}' });
  for (let at = 0; at < 3; at += 1)
    await start({ verifyRunID: `r${at}` }, { "x-correlation-id": "shared" });
  await start({ verifyRunID: "shared" }, { "x-correlation-id": "other" });
  const page = await opened({ hash: "#find=shared" });
  await says(page, "#found-title", "4 flows for \u201cshared\u201d");
  same((await page.$$("#found-list li")).length, 4, "hits");
  await page.click("#found-list li:nth-child(2) a");
  await says(page, "#flow-headline", "Waits in registered for the client: client-data-hash");
  await page.goBack();
  await says(page, "#found-title", "4 flows");
  faultless(page);
}

export async function morePages() {
  await Promise.all(Array.from({ length: 45 }, () => start({}, { "x-correlation-id": "busy" })));
  const page = await opened({ hash: "#find=busy" });
  await says(page, "#found-title", "20 flows and more");
  await page.click("#found-more");
  await says(page, "#found-title", "40 flows and more");
  await page.click("#found-more");
  await says(page, "#found-title", /^45 flows for/);
  faultless(page);
}

export async function nothing() {
  const page = await opened({ hash: "#find=nobody%20has%20%3Cb%3Ethis", forgiving: true });
  await says(page, "#found-title", "Nothing found for \u201cnobody has <b>this\u201d");
  await page.evaluate(() => {
    location.hash = `#flow=${"A".repeat(32)}`;
  });
  await says(page, "#flow-said", "No such flow");
  await page.evaluate(() => {
    location.hash = "#flow=../../metrics";
  });
  await says(page, "#flow-said", /No such flow|cannot be read/);
  faultless(page);
}

const HOSTILE =
  '{"verified":true, "n" : 1.00e2,"n":12345678901234567890.10,"x":"<img src=x onerror=alert(1)><script>alert(2)</script>","u":"\\u003cb\\u003e \u202e evil", "d":{"a":[1,  2 ]} }';
const CORRELATION = "<img/src=x/onerror=alert(3)>'\"&amp;";

export async function verbatim() {
  await script(REGISTER, { status: 200, body: '{"flowID":"<svg/onload=alert(4)>"}' });
  await script(HASH, { status: 500, body: "<h1>no</h1>", times: 1 }, { reset: true, times: 1 });
  await script(VERIFY, { status: 200, body: HOSTILE });
  const { flowHandle } = await start(
    { verifyRunID: "<b>run</b>" },
    { "x-correlation-id": CORRELATION },
  );
  await step(flowHandle, "client-data-hash");
  await step(flowHandle, "client-data-hash");
  await step(flowHandle, "client-data-hash");
  await step(flowHandle, "assert", { assertionObject_base64: "YXNz" });

  const page = await opened({ hash: `#find=${encodeURIComponent(CORRELATION)}` });
  await shown(page, flowHandle);
  await says(page, "#flow-headline", "Ended in verified");
  const titles = await page.$$eval("#flow-timeline .title", (titles) =>
    titles.map((title) => title.textContent),
  );
  same(
    JSON.stringify(titles),
    JSON.stringify([
      "created",
      "start: created \u2192 registered",
      "client-data-hash: no recorded answer",
      "client-data-hash: no recorded answer",
      "client-data-hash: registered \u2192 hash_issued",
      "assert: hash_issued \u2192 verified",
    ]),
    "the timeline",
  );
  await says(
    page,
    "#flow-timeline li:nth-child(3)",
    "The backend answered an error (HTTP 500). It decided nothing",
  );
  await says(
    page,
    "#flow-timeline li:nth-child(4)",
    "The backend was unavailable. The backend may have acted on it.",
  );
  const answer = "#flow-timeline li:last-child pre";
  same(await page.$eval(answer, (pre) => pre.textContent), HOSTILE, "the answer");
  await page.click("#flow-timeline li:last-child button");
  await says(page, "#flow-timeline li:last-child .answer-head", "indented here: not as sent");
  await says(page, answer, /\n {2}"n": 1.00e2,\n {2}"n": 12345678901234567890.10/);
  await page.click("#flow-timeline li:last-child button");
  same(await page.$eval(answer, (pre) => pre.textContent), HOSTILE, "the answer, again");
  const made = await page.$$eval(
    "#flow img, #flow script, #flow h1, #flow b, #flow svg, #found img",
    (all) => all.length,
  );
  same(made, 0, "elements made of data");
  await says(page, "#flow-facts", "<svg/onload=alert(4)>");
  faultless(page);
}

// An open flow whose calls fail alike, more often than is kept.
export async function folded() {
  const { flowHandle } = await start();
  await script(HASH, { status: 503, body: "{}" });
  for (let call = 0; call < 3; call += 1) await step(flowHandle, "client-data-hash");
  const page = await opened({ hash: `#flow=${flowHandle}` });
  const entry = "#flow-timeline li:nth-child(3)";
  await says(page, entry, /no recorded answer, 3 \u00d7.*\d \u2013 \d\d:/);
  for (let call = 0; call < 14; call += 1) await step(flowHandle, "client-data-hash");
  await says(page, entry, "no recorded answer, 16 \u00d7");
  same(await page.$$eval("#flow-timeline > li", (all) => all.length), 3, "entries");
  await says(page, "#flow-refused", "only the latest 16 are kept");
  faultless(page);
}

export async function live() {
  const { flowHandle } = await start();
  const page = await opened({ hash: `#flow=${flowHandle}` });
  await says(page, "#flow-headline", "Waits in registered for the client: client-data-hash");
  await says(page, "#flow-live", "Live");
  await step(flowHandle, "client-data-hash");
  await says(page, "#flow-headline", "Waits in hash_issued for the client: assert");
  await step(flowHandle, "assert", { assertionObject_base64: "YXNz" });
  await says(page, "#flow-headline", "Ended in verified");
  await says(page, "#flow-live", "It has ended.");
  const isThere = await page.$eval("#flow-expire", (button) => button.checkVisibility());
  same(isThere, false, "a button to expire what has ended");
  faultless(page);
}

export async function expire() {
  const { flowHandle } = await start({}, { "x-correlation-id": "order-7" });
  const page = await opened({ hash: `#flow=${flowHandle}` });
  await says(page, "#flow-headline", "Waits in registered");
  await page.click("#flow-expire");
  await says(page, "#expire-facts", flowHandle);
  await says(page, "#expire-facts", "order-7");
  // The first key that is pressed without reading keeps the flow.
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !document.getElementById("expire").open);
  same(await state(flowHandle), "registered", "the state after it was kept");
  await page.click("#flow-expire");
  await page.click("#expire-do");
  await says(page, "#flow-said", "Done: the flow is expired.");
  await says(page, "#flow-headline", "Expired by an operator before its deadline");
  same(await state(flowHandle), "expired", "the state after it was expired");
  faultless(page);
}

export async function expireRefused() {
  const { flowHandle } = await start();
  const page = await opened({ hash: `#flow=${flowHandle}`, forgiving: true });
  await says(page, "#flow-headline", "Waits in registered");
  await page.click("#flow-expire");
  await step(flowHandle, "client-data-hash");
  await step(flowHandle, "assert", { assertionObject_base64: "YXNz" });
  await page.click("#expire-do");
  await says(page, "#expire-said", "It was not expired.");
  same(await state(flowHandle), "verified", "the state");
  await page.keyboard.press("Escape");
  await says(page, "#flow-headline", "Ended in verified");
  faultless(page);
}

async function focused(page) {
  return page.evaluate(
    () => document.activeElement.id || document.activeElement.textContent.trim(),
  );
}

// Presses Tab until something has the focus, with a bound; whatever has it must be seen to have it.
async function tabTo(page, id) {
  for (let press = 0; press < 30; press += 1) {
    await page.keyboard.press("Tab");
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement).outlineStyle,
    );
    if (outline === "none") throw new Error(`the focus cannot be seen at ${await focused(page)}`);
    if ((await focused(page)) === id) return;
  }
  throw new Error(`${id} is not reached by Tab`);
}

export async function keyboard() {
  const { flowHandle } = await start({}, { "x-correlation-id": "order-keys" });
  const page = await opened();
  await watching(page);
  await page.keyboard.press("/");
  same(await focused(page), "find", "the focus after /");
  await page.keyboard.type("order-keys");
  await page.keyboard.press("Enter");
  await shown(page, flowHandle);
  same(await focused(page), "flow-title", "the focus in an opened flow");
  await tabTo(page, "flow-expire");
  await page.keyboard.press("Enter");
  await says(page, "#expire-words", "cannot be taken back");
  same(await focused(page), "expire-cancel", "the focus in the dialog");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.getElementById("expire").open);
  same(await state(flowHandle), "registered", "the state after Escape");
  same(await focused(page), "flow-expire", "the focus after the dialog");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  same(await focused(page), "expire-do", "the second act");
  await page.keyboard.press("Enter");
  await says(page, "#flow-said", "Done: the flow is expired.");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.getElementById("flow").hidden);
  same(await focused(page), "find", "the focus after closing");
  same(await page.evaluate(() => location.hash), "", "the address after closing");
  for (const id of ["stuck", "backend-scroll"])
    await page.$eval(`#${id}`, (element) => element.tabIndex);
  faultless(page);
}

// A tab that nobody sees asks for nothing.
export async function hidden() {
  const { flowHandle } = await start();
  const page = await opened({ hash: `#flow=${flowHandle}` });
  await says(page, "#flow-live", "Live");
  const see = (visibility) =>
    page.evaluate((visibility) => {
      Object.defineProperty(document, "hidden", {
        value: visibility === "hidden",
        configurable: true,
      });
      document.dispatchEvent(new Event("visibilitychange"));
    }, visibility);
  await see("hidden");
  await page.waitForFunction(() => document.getElementById("flow-live").textContent === "");
  const { asked } = page;
  const before = asked.length;
  // Another page of the same browser polls three times meanwhile.
  const other = await opened();
  await other.waitForFunction(
    () =>
      performance.getEntriesByType("resource").filter((entry) => entry.name.endsWith("/metrics"))
        .length >= 3,
    { timeout: 30_000 },
  );
  if (asked.length > before + 3)
    throw new Error(`it asked ${asked.length - before} times: ${asked.slice(before)}`);
  await see("visible");
  await says(page, "#flow-live", "Live");
  faultless(page);
}
