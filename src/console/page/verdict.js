// One sentence that says how things stand, and who is at fault. Everything that is found is told,
// the worst first.

// `health`: { lost: since when no answer came, or null; ready: null or { code, detail } }.
// Answers at least one { kind, level, fault, headline, cause, advice }; a level is "bad", "warn" or
// "ok".
function verdict(summary, health, stuckSeconds) {
  if (health.lost) return [lost(health)];
  const found = [
    ...standing(summary, health),
    ...(summary.hasRates
      ? [
          ...ofBackend(summary),
          ...ofIntegrator(summary),
          ...ofAdmission(summary),
          ...ofClients(summary),
        ]
      : []),
    ...ofFlows(summary),
  ];
  found.push(...waiting(summary, stuckSeconds, found));
  const worst = { bad: 0, warn: 1 };
  found.sort((one, other) => worst[one.level] - worst[other.level]);
  return found.length > 0 ? found : [well(summary)];
}

function lost({ lost: since, words }) {
  const headline = `No answer from this instance since ${clockTime(since)}${NBSP}UTC`;
  const cause = `${words}. What is shown below is as it was then.`;
  const advice = "Is the process running? Is the network between you and it up?";
  return finding("lost", "bad", "integrator", headline, cause, advice);
}

function standing(summary, { ready }) {
  if (ready?.code === "shutting_down") {
    const advice =
      "Nothing to do if it was meant: other instances take over. Stored flows go on there.";
    const cause = "It is asked to end, finishes what it has begun, and takes no new connections.";
    return [finding("stopping", "warn", "nobody", "This instance is stopping", cause, advice)];
  }
  if (!summary.storeUp || ready?.code === "store_unavailable") {
    const advice =
      "Nothing has to be restarted here: the store is asked every second. Look at the store, " +
      "and the way to it.";
    const cause = ready?.detail ?? "Flows can neither be read nor moved.";
    return [finding("store", "bad", "store", "The store does not answer", cause, advice)];
  }
  if (ready) {
    return [
      finding(
        "unready",
        "bad",
        "integrator",
        "This instance is not ready",
        ready.detail,
        "Read its log.",
      ),
    ];
  }
  return [];
}

function ofFlows(summary) {
  const found = [];
  const all = summary.expired + summary.answered;
  if (summary.hasRates && summary.expired > 0 && summary.expired / all >= NOTABLE_SHARE) {
    const some = times(summary.expired, "flow");
    const headline = `Flows are left to expire: ${some} in ${spanWords(summary.watched)}`;
    const cause =
      `${percent(summary.expired / all)} of the flows that ended: no next step came ` +
      "in time, or an operator expired them.";
    const advice =
      "If calls fail too, the backend is why. If not, and nobody expires flows by hand, clients " +
      "go away: ask who runs them.";
    found.push(finding("expiry", "warn", "client", headline, cause, advice));
  }
  return found;
}

// Why a flow waits, its age does not tell: nobody may have come, or calls may fail. Where the
// backend fails the very step that leads on, that is told already.
function waiting(summary, stuckSeconds, found) {
  const isOld = (state) => state.flows > 0 && state.oldest > stuckSeconds;
  const isTold = found.some(({ kind }) => ["silent", "errors", "refused"].includes(kind));
  const old = summary.open.filter(
    (state) => isOld(state) && !(isTold && isFailing(state, summary)),
  );
  if (old.length === 0) return [];
  const worst = old.reduce((one, other) => (other.oldest > one.oldest ? other : one));
  const headline =
    `Flows wait longer than ${duration(stuckSeconds)}: the oldest in ${worst.state} is ` +
    `${duration(worst.oldest)} old`;
  const cause = `Protocol ${worst.protocol}. The oldest are listed below.`;
  const advice = "Open one: its timeline says whether calls failed or nobody came.";
  return [finding("stuck", "warn", "unsaid", headline, cause, advice)];
}

// Whether calls to a step that leads on from a state fail.
function isFailing({ protocol, next }, { calls: { rows } }) {
  return rows.some(
    (row) =>
      row.protocol === protocol &&
      next.includes(row.step) &&
      row.timeouts + row.unavailable + row.classes[5] + row.refused > 0,
  );
}

function well(summary) {
  const short = summary.watched < 10;
  const span = short
    ? `the ${wholeDuration(summary.watched)} since this page was opened`
    : spanWords(summary.watched);
  if (!summary.hasRates) {
    const why = summary.mixed
      ? "Several instances answer here and cannot be told apart, so no rates are told."
      : "Rates follow with the next numbers, in two seconds.";
    return finding("unknown", "ok", null, "The instance is ready and its store answers", why, "");
  }
  if (summary.requests === 0) {
    const cause =
      `No request for a step in ${span}. The instance is ready and its store answers.` +
      left(summary);
    return finding("quiet", "ok", null, "All is quiet", cause, "");
  }
  const { calls, p95 } = summary.calls;
  const headline =
    `All is well: ${times(summary.starts, "start")} and ` +
    `${times(summary.transitions, "transition")} in ${span}`;
  const answered =
    calls > 0 && p95
      ? `The backend was called ${times(calls, "time")}; 95${NBSP}% took ` +
        `${p95.sign ? "" : "at most "}${quantileWords(p95)}.`
      : "";
  return finding("well", "ok", null, headline, answered, "");
}
