// Admission control in numbers: one gate for each backend, as the latest scrape tells it, with what
// it decided in the window. Nothing where admission control is off.

// From which share of its ceiling on a rate counts as being at it.
const FULL_SHARE = 0.98;
const REGIMES = ["closed", "regulating", "open"];
// How many set points a call without an answer counts as, at most.
const UNANSWERED_SETPOINTS = 5;
// From how many seconds without news on a latency is told with its age.
const AGED_SECONDS = 10;

// [{ backend, mode, regime, stayedFull, newsAge, isIdle, latency, actedOn, isBeyond, setpoint, rate,
//    ceiling, tokens, error, p, i, d, decisions: [{ class, admitted, refused, isUsed }] }, …], the
// most closed first. Latencies are in seconds, rates in events per second. The latency that the
// rate comes from, actedOn, is above the smoothed one where calls under way take longer; `isBeyond`
// says that it is more than that, or that nothing is answered. `newsAge` is for how long no call is
// known to have ended; a gate is idle where besides nobody asked.
function gates(scrapes) {
  const families = scrapes.latest;
  const rates = samples(families, "integrator_admission_rate_tps");
  const decided = decisions(scrapes);
  const found = rates.map(({ labels: { backend }, value }) => {
    const of = (name) => gaugeOf(families, `integrator_admission_${name}`, backend);
    const asked = decided.get(backend) ?? { mode: "enforce", decisions: [] };
    const newsAge = scrapes.unchangedSeconds((one, other) => hasNews(one, other, backend));
    return {
      backend,
      ...asked,
      newsAge,
      isIdle: newsAge >= AGED_SECONDS && askedOf(asked) === 0,
      regime: regimeOf(families, backend),
      stayedFull: scrapes.kept.every((earlier) => isFull(earlier, backend)),
      latency: inSeconds(of("ewma_ms")),
      ...bounded(inSeconds(actedOn(of)), inSeconds(of("ewma_ms")), inSeconds(of("setpoint_ms"))),
      setpoint: inSeconds(of("setpoint_ms")),
      rate: value,
      ceiling: of("rate_max_tps"),
      tokens: of("tokens"),
      p: of("p_tps"),
      i: of("i_tps"),
      d: of("d_tps"),
    };
  });
  return found.sort(
    (one, other) =>
      REGIMES.indexOf(one.regime) - REGIMES.indexOf(other.regime) ||
      refusedBy(other) - refusedBy(one) ||
      (one.backend < other.backend ? -1 : 1),
  );
}

function gaugeOf(families, name, backend) {
  const sample = samples(families, name).find(({ labels }) => labels.backend === backend);
  return sample?.value ?? null;
}

// Whether the rate stood at its ceiling, above which it is not the backend that keeps it.
function isFull(families, backend) {
  const of = (name) => gaugeOf(families, `integrator_admission_${name}`, backend);
  return of("rate_tps") >= FULL_SHARE * of("rate_max_tps");
}

// Whether a call ended between two scrapes: the average moved, unless it stands at what a call
// without an answer counts as.
function hasNews(before, now, backend) {
  const average = (families) => gaugeOf(families, "integrator_admission_ewma_ms", backend);
  if (average(before) !== average(now)) return true;
  const calls = grown(before, now, "integrator_backend_requests_total");
  return calls.some(({ labels, value }) => value > 0 && isUnanswered(labels));
}

function isUnanswered({ status }) {
  return status === TIMED_OUT || status === UNANSWERED;
}

function askedOf({ decisions }) {
  return decisions.reduce((sum, row) => sum + row.admitted + row.refused, 0);
}

// While nothing ends, what a gate acts on is the number of calls under way, in seconds, and no
// latency. So it is told as far as a latency could be: what calls without an answer count as at
// most, or what answers really took.
function bounded(actedOn, latency, setpoint) {
  if (actedOn === null) return { actedOn, isBeyond: false, error: null };
  const counted = UNANSWERED_SETPOINTS * setpoint;
  const most = Math.max(latency ?? 0, counted);
  const told = Math.min(actedOn, most);
  const isBeyond = actedOn > most || (most === counted && told > 0.99 * counted);
  return { actedOn: told, isBeyond, error: setpoint - told };
}

// Until a control step has acted on a latency there is no error; the average is then what is known.
function actedOn(of) {
  const error = of("error_ms");
  return error === null ? of("ewma_ms") : of("setpoint_ms") - error;
}

function inSeconds(milliseconds) {
  return milliseconds === null ? null : milliseconds / 1000;
}

function regimeOf(families, backend) {
  const told = samples(families, "integrator_admission_regime");
  const one = told.find(({ labels, value }) => labels.backend === backend && value === 1);
  return one?.labels.regime ?? null;
}

// By backend: its mode, and what was decided on each class in the window.
function decisions(scrapes) {
  const name = "integrator_admission_decisions_total";
  const grew = new Map(scrapes.growth(name).map((sample) => [identity(sample), sample.value]));
  const found = new Map();
  for (const sample of samples(scrapes.latest, name)) {
    const { backend, mode, decision } = sample.labels;
    const gate = found.get(backend) ?? { mode, decisions: [] };
    const none = { class: sample.labels.class, admitted: 0, refused: 0, isUsed: false };
    let row = gate.decisions.find((row) => row.class === none.class);
    if (!row) gate.decisions.push((row = none));
    row[decision] = grew.get(identity(sample)) ?? 0;
    row.isUsed ||= sample.value > 0;
    found.set(backend, gate);
  }
  return found;
}

function refusedBy(gate) {
  return gate.decisions.reduce((sum, row) => sum + row.refused, 0);
}
