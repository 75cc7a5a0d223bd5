// A real Chromium with the console open, which hears everything that goes wrong in it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

import puppeteer from "puppeteer-core";

import { url } from "./service.mjs";

const FOLDER = process.env.CONSOLE_FOLDER;
const SHOTS = process.env.CONSOLE_SHOTS;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;

// Chromium talks over a pipe, so that it ends with this process, however that ends.
export async function launched() {
  browser ??= await puppeteer.launch({
    executablePath: process.env.CONSOLE_CHROMIUM,
    headless: "shell",
    pipe: true,
    userDataDir: join(FOLDER, "profile"),
    args: ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"],
  });
  return browser;
}

export async function closed() {
  await browser?.close();
}

// Opens the console. What it does wrong is kept in `wrong`; `forgiving` takes the browser's own
// notes about replies that are no success, where the test is about such replies.
export async function opened({
  hash = "",
  look = "light",
  width = 1280,
  height = 900,
  forgiving = false,
  prepare,
} = {}) {
  const page = await (await launched()).newPage();
  const wrong = [];
  const asked = [];
  page.on("console", (message) => {
    const isNote = message.text().startsWith("Failed to load resource");
    if (["error", "warn"].includes(message.type()) && !(isNote && forgiving))
      wrong.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`page: ${error.stack ?? error}`));
  page.on("dialog", (dialog) => wrong.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    asked.push(request.url());
    const { protocol, origin } = new URL(request.url());
    if (protocol !== "data:" && origin !== url("")) wrong.push(`a request to ${request.url()}`);
  });
  await page.evaluateOnNewDocument(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: look },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  await page.setViewport({ width, height, deviceScaleFactor: 1 });
  await prepare?.(page);
  await page.goto(`${url("/console")}${hash}`);
  return Object.assign(page, { wrong, asked });
}

export function text(page, selector) {
  return page.$eval(selector, (element) => element.innerText.replaceAll("\u00a0", " ").trim());
}

// Waits until an element says something, and tells all that it says.
export async function says(page, selector, pattern) {
  const words =
    pattern instanceof RegExp ? pattern.source : pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const is = (selector, words) => {
    const element = document.querySelector(selector);
    return (
      element?.checkVisibility() &&
      new RegExp(words, "s").test(element.innerText.replaceAll("\u00a0", " "))
    );
  };
  try {
    await page.waitForFunction(is, { timeout: 30_000 }, selector, words);
  } catch {
    const said = (await page.$(selector)) ? await text(page, selector) : "nothing: it is not there";
    throw new Error(
      `${selector} never said ${pattern}; it says: ${said}\n${page.wrong.join("\n")}`,
    );
  }
  return text(page, selector);
}

export async function headline(page, pattern) {
  return says(page, "#headline", pattern);
}

// Until the page has its first numbers, so that what happens next is seen as growth.
export async function watching(page) {
  await page.waitForFunction(() => document.getElementById("live").dataset.live === "yes", {
    timeout: 30_000,
  });
}

// Until so many more polls have come.
export async function polled(page, number) {
  const polls = page.asked.filter((url) => url.endsWith("/metrics")).length;
  while (page.asked.filter((url) => url.endsWith("/metrics")).length < polls + number) {
    await page.waitForRequest((request) => request.url().endsWith("/metrics"), { timeout: 30_000 });
  }
  await page.waitForResponse((reply) => reply.url().endsWith("/metrics"), { timeout: 30_000 });
}

export function faultless(page) {
  if (page.wrong.length > 0) throw new Error(`the page did wrong:\n${page.wrong.join("\n")}`);
}

export async function shot(page, name, fullPage = true) {
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage, optimizeForSpeed: false });
}

// A picture of one part of the page.
export async function shotOf(page, selector, name) {
  const part = await page.$(selector);
  await part.screenshot({ path: join(SHOTS, `${name}.png`), optimizeForSpeed: false });
}

// What axe-core finds wrong by WCAG 2 A and AA. It is put in by the debugger, past the policy.
export async function accessible(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() =>
    axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
      resultTypes: ["violations"],
    }),
  );
  const told = found.violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join("\n  ")}`,
  );
  if (told.length > 0) throw new Error(`not accessible:\n${told.join("\n")}`);
}

export async function noSidewaysScroll(page) {
  const [content, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    innerWidth,
  ]);
  if (content > window) throw new Error(`the page is ${content} px wide in a window of ${window}`);
}

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// Has whoever started this do what a browser cannot: stop a store, end the service.
export async function please(what) {
  console.log(`@${what}`);
  await answers.next();
}
