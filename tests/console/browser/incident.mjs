// What the page says first while an incident is under way. Each scene opens the page in the midst
// of one trouble, and tells the sentence and who is at fault.

import { faultless, headline, opened, says, shot, watching } from "./browser.mjs";

async function told(name, sentence, fault, prepared = async () => {}) {
  const page = await opened({ forgiving: true });
  await watching(page);
  await prepared(page);
  console.log(await headline(page, sentence));
  console.log(await says(page, "#blame", fault));
  await shot(page, `incident-${name}`);
  faultless(page);
}

export async function disorder() {
  await told("disorder", "Clients send steps out of order", "At fault: Client");
}

export async function slow() {
  await told("slow", "The backend is slow", "At fault: Backend");
}

export async function away() {
  await told("away", /The backend (does not answer|answers only in part)/, "At fault: Backend");
}

export async function stuck() {
  const sentence = "Flows wait longer than 10 s: the oldest in registered is";
  await told("stuck", sentence, "At fault: Client or backend", async (page) => {
    await page.select("#stuck", "10");
  });
}
