// Requests to the service that served this page, and what went wrong with them in words.

const PATIENCE_MS = 8000;

class Failed extends Error {
  // `status` is null where nothing answered; `code` and `detail` are the problem's.
  constructor(message, status, code, detail) {
    super(message);
    Object.assign(this, { status, code, detail });
  }
}

// The body of a reply as text.
async function ask(path, options = {}) {
  let reply;
  let text;
  try {
    const bounded = { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS), ...options };
    reply = await fetch(path, bounded);
    text = await reply.text();
  } catch (error) {
    const late = error.name === "TimeoutError";
    throw new Failed(
      late
        ? `${path} was not answered within ${PATIENCE_MS / 1000} s`
        : `${path} cannot be reached`,
      null,
    );
  }
  if (reply.ok) return text;
  throw refused(path, reply.status, text);
}

async function askJson(path) {
  return JSON.parse(await ask(path));
}

function refused(path, status, text) {
  let problem = {};
  try {
    problem = JSON.parse(text) ?? {};
  } catch {
    // Something in between answered: its status is all there is to tell.
  }
  const said = problem.detail ?? `HTTP ${status}`;
  return new Failed(`${path} answered: ${said}`, status, problem.code, problem.detail);
}
