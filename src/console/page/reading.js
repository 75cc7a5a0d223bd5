// One flow read: what happened in which order, and whose fault it is that it stands where it does.

// From the texts of status, history and protocol (null where its definition is not here any more).
function flowOf(statusText, historyText, protocol) {
  const status = JSON.parse(statusText);
  const transitions = elements(member(historyText, "transitions")).map(transitionOf);
  const attempts = elements(member(historyText, "attempts") ?? "[]").map(attemptOf);
  const omitted = member(historyText, "selfLoopsOmitted");
  return {
    status,
    transitions,
    attempts,
    omitted: omitted === null ? 0 : Number(omitted),
    protocol,
  };
}

// What the backend said stays the text that it sent; the rest is ours to read.
function entryOf(text) {
  const entry = {};
  for (const [name, raw] of members(text)) {
    if (name === "backend") entry.backend = raw;
    else entry[name] = JSON.parse(raw);
  }
  return entry;
}

function transitionOf(text) {
  return { kind: "transition", ...entryOf(text) };
}

function attemptOf(text) {
  return { kind: "attempt", ...entryOf(text) };
}

// Transitions and attempts in one order, from the beginning: each with the seconds since the one
// before and its own words.
function timeline(flow) {
  const begun = { kind: "begun", at: flow.status.issuedAt };
  const later = [...flow.transitions, ...flow.attempts].sort(byTime);
  let before = instant(begun.at);
  return folded([begun, ...later]).map((entry) => {
    const at = instant(entry.at);
    const since = at && before ? (at - before) / 1000 : null;
    before = instant(entry.until) ?? at ?? before;
    return { ...entry, since, ...words(entry, flow) };
  });
}

// Attempts that failed alike, one after the other, as one entry: from the first, `at`, to the last,
// `until`, with how many there were and all their ids: a call made again keeps its id.
function folded(entries) {
  const list = [];
  for (const entry of entries) {
    const last = list.at(-1);
    if (last && isAlike(last, entry)) {
      last.number += 1;
      last.attemptIDs = [...new Set([...last.attemptIDs, entry.attemptID])];
      last.until = entry.at;
    } else {
      const attempt = { number: 1, attemptIDs: [entry.attemptID] };
      list.push(entry.kind === "attempt" ? { ...entry, ...attempt } : entry);
    }
  }
  return list;
}

function isAlike(one, other) {
  const told = ["step", "code", "outcome", "backendStatus"];
  const areAttempts = one.kind === "attempt" && other.kind === "attempt";
  return areAttempts && told.every((name) => one[name] === other[name]);
}

// Within a millisecond, a call that failed came before the answer to the same step.
function byTime(one, other) {
  const apart = (instant(one.at)?.getTime() ?? 0) - (instant(other.at)?.getTime() ?? 0);
  if (apart !== 0 || one.kind === other.kind) return apart;
  const isBefore = (one.step === other.step) === (one.kind === "attempt");
  return isBefore ? -1 : 1;
}

// { title, tone, text }
function words(entry, flow) {
  if (entry.kind === "begun")
    return { title: "created", tone: "plain", text: "The start was asked for." };
  if (entry.kind === "attempt") return attemptWords(entry);
  if (entry.step !== undefined) return answerWords(entry, flow);
  return expiryWords(entry, flow);
}

function attemptWords({ step, code, outcome, backendStatus, number }) {
  const [, words] = unanswered(code);
  const status = backendStatus === undefined ? "" : ` (HTTP ${backendStatus})`;
  const often = number > 1 ? `, ${number}${NBSP}\u00d7` : "";
  const acted = {
    not_sent: "Nothing reached the backend.",
    unknown: "The backend may have acted on it.",
    answered: "It decided nothing: the flow stayed where it was.",
  };
  return {
    title: `${step}: no recorded answer${often}`,
    tone: "bad",
    text: `${sentence(words)}${status}. ${acted[outcome] ?? ""}`,
  };
}

function answerWords({ step, from, to, backendStatus }, flow) {
  const title = `${step}: ${from} \u2192 ${to}`;
  if (to === "error") {
    const text =
      `The backend answered HTTP ${backendStatus} with what the definition cannot ` + "place.";
    return { title, tone: "bad", text };
  }
  const stayed = from === to ? " The state stayed." : "";
  const end = isTerminal(to, flow) ? " The flow has ended." : "";
  return {
    title,
    tone: end ? "end" : "plain",
    text: `The backend answered HTTP ${backendStatus}.${stayed}${end}`,
  };
}

function expiryWords(entry, flow) {
  const title = `${entry.from} \u2192 ${entry.to}`;
  if (byOperator(entry, flow)) {
    return { title, tone: "warn", text: "An operator expired it before its deadline." };
  }
  return { title, tone: "warn", text: `Its deadline passed while it waited in ${entry.from}.` };
}

// An expiry is dated to the deadline, unless somebody made it earlier.
function byOperator({ at }, { status }) {
  const [made, deadline] = [instant(at), instant(status.expiresAt)];
  return made !== null && deadline !== null && deadline - made > 1;
}

function isTerminal(state, { protocol, status }) {
  if (state === "expired" || state === "error") return true;
  if (protocol) return protocol.terminal.includes(state);
  return status.terminal && state === status.state;
}

// The steps that may come next.
function nextSteps({ protocol, status }) {
  if (!protocol || status.terminal) return [];
  return Object.entries(protocol.steps)
    .filter(([, step]) => step.from.includes(status.state))
    .map(([name]) => name);
}

// Who is at fault that the flow stands where it does: { fault, level, headline, cause }.
function reading(flow, now) {
  const { status, transitions, attempts } = flow;
  const last = transitions.at(-1);
  const since = sinceLastAnswer(attempts, transitions);
  if (status.state === "expired") return expiredReading(flow, since);
  if (status.state === "error") {
    const cause =
      `At ${last?.step ?? "a step"}. Read the answer below and the protocol's ` +
      "definition: one of the two is wrong.";
    return told("contract", "bad", "The backend answered what the definition cannot place", cause);
  }
  if (status.terminal) {
    const cause = last
      ? `The backend's answer to ${last.step} led there. Why it decided so stands in that answer.`
      : "";
    return told("nobody", "ok", `Ended in ${status.state}`, cause);
  }
  return openReading(flow, since, now);
}

function isExpiry(transition) {
  return transition.step === undefined;
}

// The attempts that failed after the last answer that was recorded.
function sinceLastAnswer(attempts, transitions) {
  const answer = transitions.findLast((transition) => !isExpiry(transition));
  return answer ? attempts.filter((attempt) => byTime(attempt, answer) > 0) : attempts;
}

function told(who, level, headline, cause) {
  return { fault: who, level, headline, cause };
}

function expiredReading({ status, transitions }, failed) {
  const expiry = transitions.findLast(isExpiry);
  const from = expiry?.from ?? status.lastBackendStatus ?? "created";
  if (expiry && byOperator(expiry, { status })) {
    return told(
      "operator",
      "warn",
      "Expired by an operator before its deadline",
      `It stood in ${from}.${failures(failed)}`,
    );
  }
  if (failed.length > 0) {
    const attempt = failed.at(-1);
    const [who, words] = unanswered(attempt.code);
    const cause = `It expired in ${from}.${failures(failed)}`;
    return told(who, "bad", `Expired, since ${words} at ${attempt.step}`, cause);
  }
  const [begin, end] = [
    instant(lastMove(status, transitions)),
    instant(expiry?.at ?? status.expiresAt),
  ];
  const waited = begin && end && end > begin ? ` for ${duration((end - begin) / 1000)}` : "";
  return told(
    "client",
    "warn",
    `Expired: no next step came${waited}`,
    `It stood in ${from}; no call failed there. Who runs this flow went away.`,
  );
}

function lastMove(status, transitions) {
  return transitions.findLast((transition) => !isExpiry(transition))?.at ?? status.issuedAt;
}

function failures(failed) {
  if (failed.length === 0) return "";
  const last = failed.at(-1);
  return (
    ` ${times(failed.length, "call")} after the last recorded answer failed, the last ` +
    `one at ${last.step} (${last.code}).`
  );
}

function openReading(flow, failed, now) {
  const { status } = flow;
  const deadline = instant(status.expiresAt);
  const left = deadline ? ` It has ${duration(Math.max(0, (deadline - now) / 1000))} left.` : "";
  const steps = nextSteps(flow);
  const next = steps.length > 0 ? steps.join(" or ") : "the next step";
  if (failed.length > 0) {
    const attempt = failed.at(-1);
    const [who, words] = unanswered(attempt.code);
    return told(
      who,
      "bad",
      `Waits in ${status.state}: ${words} at ${attempt.step}`,
      `${failures(failed).trim()} The client may ask again.${left}`,
    );
  }
  return told(
    "client",
    "ok",
    `Waits in ${status.state} for the client: ${next}`,
    `No call has failed there.${left}`,
  );
}

function sentence(text) {
  return text[0].toUpperCase() + text.slice(1);
}
