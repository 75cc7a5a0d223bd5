// Who is at fault when a step is refused or fails, by the code of the problem, as the table of
// docs/OPERATIONS.md says it.

const FAULTS = {
  backend: "Backend",
  client: "Client",
  contract: "Backend and definition",
  gate: "Backend or its gate",
  integrator: "Integrator",
  judged: "Backend or client",
  nobody: "Nobody",
  operator: "Operator",
  store: "Store",
  time: "Time",
  unsaid: "Client or backend",
};

const CODES = {
  admission_limited: ["gate", "the backend is slow, or its gate at a ceiling: see the sentence on top"],
  backend_error: ["backend", "the backend answered something that is no success"],
  backend_timeout: ["backend", "the backend gave no whole answer in time"],
  backend_unavailable: ["backend", "the backend could not be reached, or broke off"],
  backend_unclassified: ["contract", "the backend answered what the definition cannot place"],
  capacity_exhausted: ["integrator", "as many flows are stored as may be"],
  expired: ["time", "the flow had expired"],
  forbidden: ["client", "the credential lacks the scope"],
  idempotency_key_reused: ["client", "one Idempotency-Key with two different requests"],
  internal: ["integrator", "a bug of the integrator"],
  invalid_input: ["client", "a request that is malformed or lacks a member"],
  method_not_allowed: ["client", "a method that the path does not take"],
  not_found: ["client", "no such flow or step, or removed after its retention"],
  outcome_unknown: ["backend", "an earlier call got no answer, and a second could do harm"],
  payload_too_large: ["client", "a body over 256 KiB"],
  request_timeout: ["client", "a body that did not arrive in 30 s"],
  sequence_violation: ["client", "a step out of order"],
  shutting_down: ["nobody", "this instance is stopping"],
  step_in_progress: ["backend", "a call for the same flow is still under way"],
  store_unavailable: ["store", "the store did not answer"],
  terminal_state: ["client", "a step after the flow's end"],
  unauthenticated: ["client", "no credential, or a wrong one"],
  unsupported_media_type: ["client", "a body that is not declared as JSON"],
};

// [whose fault, in words]; a code that this page does not know is the integrator's to explain.
function fault(code) {
  return Object.hasOwn(CODES, code) ? CODES[code] : ["integrator", "see docs/API.md"];
}

// Where an attempt in a flow's history means something else than the refusal of the same code, and
// where it can be said better.
const ATTEMPTS = {
  backend_error: ["backend", "the backend answered an error"],
  backend_unavailable: ["backend", "the backend was unavailable"],
  expired: ["time", "the flow was closed while the backend was still busy with the call"],
  outcome_unknown: ["integrator", "the process that made the call was lost before an answer came"],
  shutting_down: ["nobody", "the process was stopped before an answer came"],
  store_unavailable: ["store", "the store did not take the claim or the answer"],
};

// The same for a call that left no recorded answer.
function unanswered(code) {
  return Object.hasOwn(ATTEMPTS, code) ? ATTEMPTS[code] : fault(code);
}
