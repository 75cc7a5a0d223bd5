// The service as a product backend uses it, and the backend behind it as the test wants it.

const SERVICE = process.env.CONSOLE_SERVICE;
const BACKEND = process.env.CONSOLE_BACKEND;
export const START = { keyID_base64: "a2V5", attestationObject_base64: "YXR0" };
export const REGISTER = "/app-attest/register";
export const HASH = "/app-attest/client-data-hash";
export const VERIFY = "/app-attest/verify";

export function url(path) {
  return `${SERVICE}${path}`;
}

export async function post(path, body = {}, headers = {}) {
  const reply = await fetch(url(path), {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
  return { status: reply.status, body: await reply.json() };
}

export async function get(path) {
  return (await fetch(url(path))).json();
}

// A flow that has begun; `more` are further members of its start.
export async function start(more = {}, headers = {}) {
  const reply = await post("/v1/flows/start", { ...START, ...more }, headers);
  if (reply.status !== 200) throw new Error(`no start: ${JSON.stringify(reply.body)}`);
  return reply.body;
}

export function step(handle, name, body = {}) {
  return post(`/v1/flows/${handle}/${name}`, body);
}

// A flow that has ended in verified.
export async function verified(more, headers) {
  const flow = await start(more, headers);
  await step(flow.flowHandle, "client-data-hash");
  await step(flow.flowHandle, "assert", { assertionObject_base64: "YXNz" });
  return flow;
}

// What the backend answers at a path from now on.
export async function script(path, ...answers) {
  await fetch(`${BACKEND}/script`, { method: "POST", body: JSON.stringify({ path, answers }) });
}
