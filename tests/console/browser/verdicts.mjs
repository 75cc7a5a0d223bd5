// What the page says first, for each cause of trouble. The page is opened before there is any, so
// that it sees the trouble as growth.

import { faultless, headline, opened, please, says, text, watching } from "./browser.mjs";
import { HASH, REGISTER, START, post, script, start, step, verified } from "./service.mjs";

async function together(number, what) {
  await Promise.all(Array.from({ length: number }, (_, at) => what(at)));
}

// The page says who is at fault, too.
async function blamed(page, words) {
  await says(page, "#blame", words);
}

export async function well() {
  const page = await opened();
  await headline(page, "All is quiet");
  await together(12, () => verified());
  await headline(page, "All is well: 12 starts and 36 transitions");
  faultless(page);
}

export async function timeouts() {
  const page = await opened();
  await watching(page);
  await together(6, () => verified());
  await script(REGISTER, { hang: true });
  await together(6, () => post("/v1/flows/start", START));
  await headline(page, /The backend answers only in part: \d+ % of calls in the last .* timed out/);
  await blamed(page, "At fault: Backend");
  await says(page, "#cause", "6 timed out; most at start (app-attest), 6 of 12 there");
  await says(page, "#backend tbody tr:first-child", /start.*100 %|start.*\d+ %/);
  faultless(page);
}

export async function broken() {
  const page = await opened();
  await watching(page);
  await script(REGISTER, { reset: true });
  await together(4, () => post("/v1/flows/start", START));
  await headline(page, "The backend does not answer: 100 % of calls in the last");
  await blamed(page, "At fault: Backend");
  await says(page, "#codes", "backend_unavailable");
  faultless(page);
}

export async function errors() {
  const page = await opened();
  await watching(page);
  await script(REGISTER, { status: 503, body: '{"why":"deploying"}' });
  await together(4, () => post("/v1/flows/start", START));
  await headline(page, "The backend answers errors: 100 % of calls in the last");
  await blamed(page, "At fault: Backend");
  // Steps that nobody called are folded away.
  const rows = await page.$$eval("#backend tbody tr", (rows) => rows.map((row) => row.innerText));
  if (rows.length !== 1 || !rows[0].startsWith("start")) throw new Error(`rows: ${rows}`);
  await says(page, "#backend-idle", "2 idle steps");
  await page.click("#backend-idle summary");
  await says(page, "#backend-idle", /app-attest\s+client-data-hash, assert/);
  faultless(page);
}

export async function refused() {
  const page = await opened();
  await watching(page);
  const { flowHandle } = await start();
  await script(HASH, { status: 422, body: '{"error":"UNKNOWN_KEY"}' });
  for (let call = 0; call < 4; call += 1) await step(flowHandle, "client-data-hash");
  await headline(page, "The backend refuses what it is sent: 80 % of calls in the last");
  await blamed(page, "At fault: Backend or client");
  await says(page, "#cause", "most at client-data-hash (app-attest), 4 of 4 there");
  await says(page, "#cause", "HTTP 422");
  faultless(page);
}

export async function unclassified() {
  const page = await opened();
  await watching(page);
  await script(REGISTER, { status: 200, body: '{"flowID":7}' });
  await post("/v1/flows/start", START);
  await headline(
    page,
    "The backend answers what the definition cannot place: 1 flow ended in error",
  );
  await blamed(page, "At fault: Backend and definition");
  faultless(page);
}

export async function slow() {
  const page = await opened();
  await watching(page);
  await script(REGISTER, { delay: 1100 });
  await together(6, () => start());
  await headline(page, /The backend is slow: one call in twenty takes longer than [12]/);
  await blamed(page, "At fault: Backend");
  faultless(page);
}

export async function disorder() {
  const page = await opened();
  await watching(page);
  const { flowHandle } = await start();
  await together(5, (at) => step(flowHandle, "assert", { assertionObject_base64: `YXNz${at}` }));
  await headline(page, "Clients send steps out of order: 5 in the last");
  await blamed(page, "At fault: Client");
  await says(page, "#cause", "most at assert (sequence_violation)");
  await says(page, "#codes", "sequence_violation");
  faultless(page);
}

export async function expiry() {
  const page = await opened();
  await watching(page);
  const expiresAt = new Date(Date.now() + 1500).toISOString();
  await script(REGISTER, { status: 200, body: JSON.stringify({ flowID: "f", expiresAt }) });
  await together(2, () => start());
  await headline(page, "Flows are left to expire: 2 flows in the last");
  await blamed(page, "At fault: Client");
  faultless(page);
}

export async function stuck() {
  const page = await opened();
  await watching(page);
  await start();
  await page.select("#stuck", "10");
  await headline(page, /Flows wait longer than 10 s: the oldest in registered is \d+ s old/);
  await blamed(page, "At fault: Client or backend");
  await says(page, "#oldest-words", "1 flow of those listed is stuck");
  await page.select("#stuck", "3600");
  await headline(page, /All is well|All is quiet/);
  faultless(page);
}

export async function storeDown() {
  const page = await opened({ forgiving: true });
  await watching(page);
  await please("stop the store");
  await headline(page, "The store does not answer");
  await blamed(page, "At fault: Store");
  const cause = await text(page, "#cause");
  if (!cause.includes("Redis")) throw new Error(`the cause is not the store's own: ${cause}`);
  await please("start the store");
  await headline(page, /All is quiet|All is well/);
  faultless(page);
}

export async function stopping() {
  const page = await opened({ forgiving: true });
  await watching(page);
  await please("stop the service");
  await headline(page, "This instance is stopping");
  await blamed(page, "Nobody at fault");
  await headline(page, /No answer from this instance since \d\d:\d\d:\d\d UTC/);
  await says(page, "#live", /No answer, last \d\d:\d\d:\d\d UTC/);
  const isGrey = await page.$eval("#numbers", (numbers) =>
    getComputedStyle(numbers).filter.includes("grayscale"),
  );
  if (!isGrey) throw new Error("old numbers look like new ones");
  faultless(page);
}

// Two processes behind one address, which gives them turns.
export async function instances() {
  const page = await opened();
  await says(page, "#mixed", "2 instances answer at this address in turn");
  await says(page, "#mixed", /of the one that answered last|cannot be told apart/);
  faultless(page);
}
