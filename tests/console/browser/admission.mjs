// The gates of admission control on the page, in front of a backend that really is slow.

import {
  accessible,
  faultless,
  headline,
  noSidewaysScroll,
  opened,
  polled,
  says,
  shotOf,
  text,
  watching,
} from "./browser.mjs";
import { REGISTER, START, post, script } from "./service.mjs";

// More than a gate that regulates lets through, and less than any gate does.
const MANY = { clients: 6, pauseMs: 60 };
const CROWD = { clients: 12, pauseMs: 60 };
const FEW = { clients: 1, pauseMs: 500 };

// Has clients ask for starts until something has been seen, and tells how they were answered.
async function whileAsked(seen, { clients: number, pauseMs } = MANY) {
  const statuses = new Map();
  let goesOn = true;
  const client = async () => {
    while (goesOn) {
      const { status } = await post("/v1/flows/start", START);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const clients = Array.from({ length: number }, client);
  try {
    await seen();
  } finally {
    goesOn = false;
    await Promise.all(clients);
  }
  return statuses;
}

function slowly(delay) {
  return script(REGISTER, { delay });
}

async function blamed(page, words) {
  await says(page, "#blame", words);
}

export async function off() {
  const page = await opened();
  await headline(page, "All is quiet");
  const isShown = await page.$eval("#admission-panel", (panel) => panel.checkVisibility());
  if (isShown) throw new Error("a panel about gates that are not there");
  faultless(page);
}

export async function held() {
  const page = await opened();
  await watching(page);
  await says(page, "#gates .regime", "Open");
  await slowly(300);
  await whileAsked(async () => {
    await headline(page, /Starts are held back, all but probes: \d+ in the last/);
    await blamed(page, "At fault: Backend");
    await says(page, "#cause", /The backend 'default' takes \d+ ms.*; 100 ms are aimed at/);
    await says(page, "#gates .regime", "Closed");
    await says(page, "#gates .gate", /Starts refused\s+[1-9]/);
    await says(page, "#codes", "admission_limited");
  });
  await slowly(0);
  await whileAsked(async () => {
    await says(page, "#gates .regime", "Open");
    await says(page, "#cause", "The gate has opened again.");
    await blamed(page, "Nobody at fault");
  }, FEW);
  faultless(page);
}

// A backend that has one pair of hands, and is asked for more than it can do. Five calls may wait
// before it is too slow, so that a machine that has much else to do does not make it so.
export async function regulated() {
  await script(REGISTER, { work: 60 });
  const page = await opened();
  await whileAsked(async () => {
    await headline(page, /Starts are held back: \d+ in the last/);
    await blamed(page, "At fault: Backend");
    await says(page, "#cause", /from more than it bears: .* of at most 100 a second are let in/);
    await says(page, "#gates .regime", "Regulating");
  }, CROWD);
  faultless(page);
}

export async function ceiling() {
  const page = await opened();
  await whileAsked(async () => {
    await headline(page, /More starts come than are let in: \d+ in the last .* were refused/);
    await blamed(page, "At fault: Integrator");
    await says(page, "#cause", "The gate of 'default' stands at its ceiling, 4 a second");
  });
  faultless(page);
}

export async function observed() {
  await slowly(700);
  const page = await opened();
  const statuses = await whileAsked(async () => {
    await headline(page, /Admission control would hold back starts: \d+ % in the last/);
    await blamed(page, "At fault: Backend");
    await says(page, "#gates .regime", "Would be closed");
    await says(page, "#gates .gate", /Starts would be refused\s+[1-9]/);
    await says(page, "#gates .gate", "Rate it would let in");
  });
  if ([...statuses.keys()].join() !== "200") throw new Error(`answers: ${[...statuses]}`);
  faultless(page);
}

export async function many() {
  const page = await opened();
  await watching(page);
  await says(page, "#gates-others-count", "4 more backends, all open");
  const shown = await page.$$eval("#gates > li", (gates) => gates.length);
  if (shown !== 4) throw new Error(`${shown} gates are shown whole`);
  await page.click("#gates-others-count");
  await says(page, "#gates-others-names", /spare-7\s+Open/);
  faultless(page);
}

export async function looks() {
  const views = [
    ["light", await opened({ height: 1000 })],
    ["dark", await opened({ look: "dark", height: 1000 })],
    ["phone", await opened({ width: 360, height: 780 })],
  ];
  await whileAsked(() => polled(views[0][1], 4), FEW);
  for (const [, page] of views) await says(page, "#gates .regime", "Open");
  await slowly(700);
  await whileAsked(async () => {
    for (const [name, page] of views) {
      await says(page, "#gates .regime", "Closed");
      await polled(page, 3);
      await page.click("#gates details summary");
      await accessible(page);
      await noSidewaysScroll(page);
      if (name === "light") await shotOf(page, "#admission-panel", "admission");
      const words = await text(page, "#gates .gate");
      if (!/set point 100 ms/.test(words)) throw new Error(`${name} says ${words}`);
      faultless(page);
    }
  });
}
