// What the numbers of the last minute show to be wrong, and with whom.

// From which share of calls, or of requests, on something is a finding.
const NOTABLE_SHARE = 0.05;
const SLOW_SECONDS = 1;
const LATE_SWEEP_SECONDS = 10;
// What no client does by accident only once.
const NOTABLE_REFUSALS = 3;

function finding(kind, level, fault, headline, cause, advice) {
  return { kind, level, fault, headline, cause, advice };
}

function ofBackend(summary) {
  const { calls, rows } = summary.calls;
  const span = spanWords(summary.watched);
  const found = [];
  const silent = summary.calls.timeouts + summary.calls.unavailable;
  if (silent > 0 && silent / calls >= NOTABLE_SHARE) found.push(silence(summary, silent, span));
  if (summary.calls.errors > 0 && summary.calls.errors / calls >= NOTABLE_SHARE) {
    const errors = summary.calls.errors;
    const headline =
      `The backend answers errors: ${percent(errors / calls)} of calls in ` + `${span} were 5xx`;
    const where =
      `${times(errors, "call")} of ${count(calls)}, most at ` +
      `${most(rows, (row) => row.classes[5])}.`;
    const advice =
      "Read the backend's log under the same correlation ids. Flows stay where they are; " +
      "retries are safe.";
    found.push(finding("errors", "bad", "backend", headline, where, advice));
  }
  found.push(...refusal(summary, span));
  const unplaced = rejected(summary, "backend_unclassified");
  if (unplaced > 0) {
    const headline =
      "The backend answers what the definition cannot place: " +
      `${times(unplaced, "flow")} ended in error`;
    const cause = "A 2xx answer lacked what the protocol's definition declares, or was not JSON.";
    const advice =
      "Was the backend deployed today? Read a recorded answer of a flow in error, and " +
      "correct one of the two.";
    found.push(finding("unclassified", "bad", "contract", headline, cause, advice));
  }
  const { p95 } = summary.calls;
  if (silent === 0 && p95 && p95.value > SLOW_SECONDS) {
    const headline =
      "The backend is slow: one call in twenty takes longer than " + `${duration(p95.value)}`;
    const cause = `${times(calls, "call")} in ${span}; all were answered.`;
    found.push(
      finding(
        "slow",
        "warn",
        "backend",
        headline,
        cause,
        "Look at the backend's own latency. Callers wait; nothing is lost.",
      ),
    );
  }
  return found;
}

// The backend decides, so a refusal is its judgement of what a client had it sent.
function refusal(summary, span) {
  const { calls, refused, rows } = summary.calls;
  if (refused < NOTABLE_REFUSALS || refused / calls < NOTABLE_SHARE) return [];
  const worst = rows.reduce((one, other) => (other.refused > one.refused ? other : one));
  const { status } = worst.refusals.reduce((one, other) => (other.value > one.value ? other : one));
  const headline =
    `The backend refuses what it is sent: ${percent(refused / calls)} of calls in ${span} ` +
    "were 4xx";
  const cause =
    `${count(refused)} of ${times(calls, "call")}, most at ` +
    `${most(rows, (row) => row.refused)}, most often HTTP${NBSP}${status}.`;
  const advice =
    "The backend judged what it was sent; its answer to the caller says why, and is not kept " +
    "here. Did it forget what it knew? Did a client change? Read the backend's log.";
  const level = refused * 2 >= calls ? "bad" : "warn";
  return [finding("refused", level, "judged", headline, cause, advice)];
}

function silence(summary, silent, span) {
  const { calls, timeouts, unavailable, rows } = summary.calls;
  const share = percent(silent / calls);
  const how =
    timeouts === 0
      ? "got no connection or no whole answer"
      : unavailable === 0
        ? "timed out"
        : "got no answer";
  const begin =
    silent * 2 >= calls ? "The backend does not answer" : "The backend answers only in part";
  const headline = `${begin}: ${share} of calls in ${span} ${how}`;
  const parts = [];
  if (timeouts > 0) parts.push(`${count(timeouts)} timed out`);
  if (unavailable > 0) parts.push(`${count(unavailable)} unavailable`);
  const where = most(rows, (row) => row.timeouts + row.unavailable);
  const cause = `Of ${times(calls, "call")}: ${parts.join(", ")}; most at ${where}.`;
  const advice =
    "Check the backend, DNS, TLS and the network to it. Flows wait where they are until " +
    "their deadline; retries are safe.";
  return finding("silent", "bad", "backend", headline, cause, advice);
}

function ofIntegrator(summary) {
  const found = [];
  const span = spanWords(summary.watched);
  const bugs = rejected(summary, "internal");
  if (bugs > 0) {
    const headline = `The integrator failed: ${times(bugs, "request")} in ${span} met a bug`;
    found.push(
      finding(
        "internal",
        "bad",
        "integrator",
        headline,
        "Replies carried the code internal.",
        "Note the version and log lines of level error, and report them.",
      ),
    );
  }
  const full = rejected(summary, "capacity_exhausted");
  if (full > 0) {
    const headline =
      `No more flows fit: ${times(full, "start")} in ${span} ` +
      `${full === 1 ? "was" : "were"} refused`;
    found.push(
      finding(
        "full",
        "bad",
        "integrator",
        headline,
        "As many flows are stored as may be (flows.max, flows.max_bytes). Those that exist go on.",
        "Find who starts so many, shorten retention, or raise the bound if there is memory.",
      ),
    );
  }
  if (summary.sweepLag > LATE_SWEEP_SECONDS) {
    const headline = `Overdue flows are swept late: one waited ${duration(summary.sweepLag)}`;
    found.push(
      finding(
        "sweep",
        "warn",
        "integrator",
        headline,
        "Reads show them as expired all the same; only counting and removal are late.",
        "Look at the store's latency, and in the log for 'a sweep ended early'.",
      ),
    );
  }
  if (summary.late > 0) {
    const headline =
      `Answers came too late: ${count(summary.late)} in ${span} ` +
      `${summary.late === 1 ? "was" : "were"} dropped`;
    found.push(
      finding(
        "late",
        "warn",
        "backend",
        headline,
        "The flow had expired, or its claim had ended, before the answer was recorded.",
        "Compare the backend's latency with its expiresAt and with timeout_ms.",
      ),
    );
  }
  return found;
}

const CLIENT_FAULTS = [
  ["sequence", ["sequence_violation", "terminal_state"], "Clients send steps out of order"],
  [
    "malformed",
    ["invalid_input", "payload_too_large", "unsupported_media_type", "request_timeout"],
    "Clients send requests that cannot be used",
  ],
  ["unknown", ["not_found"], "Clients ask for flows or steps that are not there"],
  ["keys", ["idempotency_key_reused"], "Clients reuse an Idempotency-Key for another request"],
];

function ofClients(summary) {
  const found = [];
  for (const [kind, codes, words] of CLIENT_FAULTS) {
    const refused = summary.rejectedSteps.filter(({ labels }) => codes.includes(labels.code));
    const number = total(refused);
    if (number < NOTABLE_REFUSALS || number / Math.max(number, summary.requests) < NOTABLE_SHARE)
      continue;
    const headline = `${words}: ${count(number)} in ${spanWords(summary.watched)}`;
    const worst = refused.reduce((one, other) => (other.value > one.value ? other : one));
    const share = percent(number / Math.max(number, summary.requests));
    const cause =
      `${share} of requests for a step; most at ${worst.labels.step} ` + `(${worst.labels.code}).`;
    const advice =
      "No flow is harmed and the backend is not asked. Find the client by the correlation " +
      "ids in the log.";
    found.push(finding(kind, "warn", "client", headline, cause, advice));
  }
  return found;
}

function rejected(summary, code) {
  return total(summary.rejections.filter(({ labels }) => labels.code === code));
}

// The step at which most of something happened.
function most(rows, value) {
  const worst = rows.reduce((one, other) => (value(other) > value(one) ? other : one));
  return `${worst.step} (${worst.protocol}), ${count(value(worst))} of ${count(worst.calls)} there`;
}
