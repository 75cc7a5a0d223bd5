// What it means that admission control refuses, or would: the backend is slow and is spared, or
// more comes than the ceiling lets through.

// Below which share of its set point a latency keeps no gate from opening.
const OPENING_SHARE = 0.5;
const WAIT = "Clients should wait as Retry-After says.";

function ofAdmission(summary) {
  return [...held(summary), ...observed(summary)];
}

// The most closed gate speaks for all that refuse.
function held(summary) {
  const refused = rejected(summary, "admission_limited");
  if (refused === 0) return [];
  const gates = summary.gates.filter(({ mode }) => mode === "enforce");
  const gate = gates.find((gate) => refusedBy(gate) > 0);
  const what = noun(gates);
  const number = `${count(refused)} in ${spanWords(summary.watched)}`;
  if (gate?.regime === "closed") {
    const headline = `${what} are held back, all but probes: ${number}`;
    const advice = `Bring the backend back; the gate notices and opens by itself. ${WAIT}`;
    return [finding("held", "bad", "backend", headline, speed(gate), advice)];
  }
  if (gate?.stayedFull) {
    const headline = `More ${what.toLowerCase()} come than are let in: ${number} were refused`;
    const cause =
      `The gate of '${gate.backend}' stands at its ceiling, ${perSecond(gate.ceiling)}; the ` +
      "backend is fast enough.";
    const advice =
      "Raise admission.rate_max_tps, or its schedule, if the backend can take more. " + WAIT;
    return [finding("ceiling", "warn", "integrator", headline, cause, advice)];
  }
  const headline = `${what} are held back: ${number}`;
  if (gate && isOpening(gate)) {
    const advice = `Nothing to do: it opens by itself. ${WAIT}`;
    return [finding("held", "warn", "nobody", headline, `${speed(gate)} ${opening(gate)}`, advice)];
  }
  const cause = gate
    ? `${speed(gate)} It is spared from more than it bears: ${perSecond(gate.rate)} of at most ` +
      `${perSecond(gate.ceiling)} are let in.`
    : "The backend is slower than the target, so fewer are let in.";
  const advice =
    "This is the protection at work. Is the backend slower than usual, or is more asked for? " +
    WAIT;
  return [finding("held", "warn", "backend", headline, cause, advice)];
}

// Whether what was refused is of a time that is over: the backend is clearly faster than asked.
function isOpening({ regime, actedOn, setpoint }) {
  return regime === "open" || actedOn === null || actedOn < OPENING_SHARE * setpoint;
}

function opening({ regime, rate, ceiling }) {
  if (regime === "open") return "The gate has opened again.";
  return `The gate is opening: ${perSecond(rate)} of at most ${perSecond(ceiling)} are let in.`;
}

// In observe mode nothing is refused; what would have been is told where it is much.
function observed(summary) {
  const gates = summary.gates.filter(({ mode }) => mode === "observe");
  const gate = gates.find((gate) => refusedBy(gate) > 0);
  if (!gate) return [];
  const refused = refusedBy(gate);
  const all = gate.decisions.reduce((sum, row) => sum + row.admitted, refused);
  if (refused < NOTABLE_REFUSALS || refused / all < NOTABLE_SHARE) return [];
  const what = noun([gate]).toLowerCase();
  const headline =
    `Admission control would hold back ${what}: ${percent(refused / all)} in ` +
    spanWords(summary.watched);
  const [fault, cause] = gate.stayedFull
    ? ["integrator", `The ceiling of '${gate.backend}', ${perSecond(gate.ceiling)}, is reached.`]
    : ["backend", speed(gate)];
  const advice =
    "It only observes, so nothing is refused and nothing spares the backend. Should it enforce?";
  return [finding("observed", "warn", fault, headline, cause, advice)];
}

function noun(gates) {
  const rows = gates.flatMap((gate) => gate.decisions).filter(({ refused }) => refused > 0);
  return rows.some((row) => row.class !== "new_flow") ? "Steps" : "Starts";
}

function speed(gate) {
  const { backend, actedOn, setpoint } = gate;
  if (actedOn === null) return `No call to the backend '${backend}' has ended yet.`;
  return `The backend '${backend}' takes ${slowness(gate)}; ${duration(setpoint)} are aimed at.`;
}

// Calls under way are told apart where they make a difference: the panel shows those that ended.
function slowness({ latency, actedOn, isBeyond, setpoint }) {
  // Beyond what a call without an answer counts as, the average is one of slow answers.
  const answers = latency > 1.01 * UNANSWERED_SETPOINTS * setpoint;
  if (isBeyond) return `${duration(actedOn)} or longer${answers ? "" : ", or does not answer"}`;
  const differs = latency !== null && duration(latency) !== duration(actedOn);
  const ended = differs ? ` with the calls under way, ${duration(latency)} without` : "";
  return `${duration(actedOn)}${ended}`;
}

// What gates that nobody asks stand at, where that is not open.
function left(summary) {
  const gate = summary.gates.find(({ isIdle, regime }) => isIdle && regime !== "open");
  if (!gate) return "";
  const state = gate.mode === "observe" ? `would be ${gate.regime}` : `is ${gate.regime}`;
  return ` The gate of '${gate.backend}' ${state}, as its last calls left it.`;
}

function perSecond(rate) {
  return `${significant(rate)} a second`;
}
