// The numbers of the last minute in one object, which the verdict judges and the panels show.

const TIMED_OUT = "timeout";
const UNANSWERED = "unavailable";

// `protocols` holds what is known of each definition, by its name.
function summarised(scrapes, protocols) {
  const span = scrapes.span;
  const families = scrapes.latest;
  const sum = (name) => total(scrapes.growth(name));
  const allStates = states(families, protocols);
  return {
    watched: span?.seconds ?? 0,
    hasRates: span !== null,
    instances: scrapes.instances,
    mixed: scrapes.mixed,
    storeUp: gauge(families, "integrator_store_up") !== 0,
    sweepLag: gauge(families, "integrator_sweep_lag_seconds"),
    starts: started(scrapes),
    transitions: sum("integrator_flow_transitions_total"),
    replays: sum("integrator_replays_total"),
    expired: sum("integrator_flows_expired_total"),
    answered: answered(scrapes, protocols),
    late: sum("integrator_stale_commits_total"),
    rejections: summed(scrapes.growth("integrator_rejections_total"), "code").filter(isSome),
    rejectedSteps: summed(scrapes.growth("integrator_rejections_total"), "code", "step").filter(
      isSome,
    ),
    requests: stepRequests(scrapes),
    calls: calls(scrapes),
    gates: gates(scrapes),
    states: allStates,
    open: allStates.filter((state) => state.isOpen),
  };
}

function isSome(sample) {
  return sample.value > 0;
}

function started(scrapes) {
  const starts = scrapes.growth("integrator_flow_transitions_total");
  return total(starts.filter(({ labels }) => labels.step === "start"));
}

// Flows that ended by an answer.
function answered(scrapes, protocols) {
  const moves = scrapes.growth("integrator_flow_transitions_total");
  return total(moves.filter(({ labels }) => ends(labels.protocol, labels.to, protocols)));
}

// Requests that asked for a step, refused ones included.
function stepRequests(scrapes) {
  const requests = scrapes.growth("integrator_http_request_duration_seconds_count");
  return total(
    requests.filter(({ labels }) => labels.method === "POST" && isStepRoute(labels.route)),
  );
}

function isStepRoute(route) {
  return route === "/v1/flows/start" || route.endsWith("/{step}");
}

// Calls to the backend in the window: one row for each protocol and step that was called.
function calls(scrapes) {
  const rows = new Map();
  for (const { labels, value } of scrapes.growth("integrator_backend_requests_total")) {
    const key = `${labels.protocol}\u0000${labels.step}`;
    const row = rows.get(key) ?? noCalls(labels);
    row.calls += value;
    if (labels.status === TIMED_OUT) row.timeouts += value;
    else if (labels.status === UNANSWERED) row.unavailable += value;
    else if (Object.hasOwn(row.classes, labels.status[0])) row.classes[labels.status[0]] += value;
    if (labels.status[0] === "4") row.refusals.push({ status: labels.status, value });
    rows.set(key, row);
  }
  const growth = scrapes.growth("integrator_backend_request_duration_seconds_bucket");
  for (const latency of latencies(growth, "protocol", "step")) {
    const row = rows.get(`${latency.labels.protocol}\u0000${latency.labels.step}`);
    if (row) Object.assign(row, { p50: latency.p50, p95: latency.p95, p99: latency.p99 });
  }
  for (const { labels, value } of scrapes.growth("integrator_rejections_total")) {
    const row = rows.get(`${labels.protocol}\u0000${labels.step}`);
    // A 4xx that the definition places is an answer like others; the rest ends as backend_error.
    if (row && labels.code === "backend_error") row.refused = Math.min(row.classes[4], value);
  }
  const overall = quantile(0.95, buckets(growth));
  return { rows: [...rows.values()], p95: overall, ...totals([...rows.values()]) };
}

function noCalls({ protocol, step }) {
  const classes = { 2: 0, 3: 0, 4: 0, 5: 0 };
  return {
    protocol,
    step,
    calls: 0,
    timeouts: 0,
    unavailable: 0,
    classes,
    refusals: [],
    refused: 0,
    p50: null,
    p95: null,
    p99: null,
  };
}

function totals(rows) {
  const add = (value) => rows.reduce((sum, row) => sum + value(row), 0);
  return {
    calls: add((row) => row.calls),
    timeouts: add((row) => row.timeouts),
    unavailable: add((row) => row.unavailable),
    errors: add((row) => row.classes[5]),
    refused: add((row) => row.refused),
  };
}

// Flows of the whole store: [{ protocol, state, flows, oldest, isOpen }].
function states(families, protocols) {
  const key = ({ protocol, state }) => `${protocol}\u0000${state}`;
  const ages = samples(families, "integrator_flow_oldest_age_seconds");
  const oldest = new Map(ages.map((sample) => [key(sample.labels), sample.value]));
  return samples(families, "integrator_flows").map((sample) => ({
    protocol: sample.labels.protocol,
    state: sample.labels.state,
    flows: sample.value,
    oldest: oldest.get(key(sample.labels)) ?? null,
    isOpen: ends(sample.labels.protocol, sample.labels.state, protocols) === false,
    next: stepsFrom(sample.labels, protocols),
  }));
}

// The steps that lead on from a state.
function stepsFrom({ protocol, state }, protocols) {
  const steps = Object.entries(protocols.get(protocol)?.steps ?? {});
  return steps.filter(([, step]) => step.from.includes(state)).map(([name]) => name);
}

// Whether flows end in that state; null where nobody here knows: the definition is gone.
function ends(protocol, state, protocols) {
  if (state === "expired" || state === "error") return true;
  return protocols.get(protocol)?.terminal.includes(state) ?? null;
}
