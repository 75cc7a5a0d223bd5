// The facts of a flow, as its observation tells them.

// Members that have a place of their own; all others are the definition's reply.
const BUILT_IN = [
  "flowHandle",
  "flowID",
  "protocol",
  "state",
  "terminal",
  "issuedAt",
  "expiresAt",
  "correlationID",
  "lastBackendStatus",
];

function flowFacts({ status }) {
  const entries = [
    ["State", `${status.state}${status.terminal ? " (ended)" : ""}`],
    ["Protocol", status.protocol],
    ["Begun", timeFact(status.issuedAt)],
    ["Deadline", timeFact(status.expiresAt)],
    ["flowID", code(status.flowID ?? DASH)],
    ["Correlation id", code(status.correlationID)],
    ["Last answer led to", status.lastBackendStatus ?? "no answer yet"],
    ["Handle", code(status.flowHandle)],
  ];
  const replied = Object.entries(status).filter(([name]) => !BUILT_IN.includes(name));
  return [
    ...entries,
    ...replied.map(([name, value]) => [
      name,
      code(typeof value === "string" ? value : JSON.stringify(value)),
    ]),
  ];
}

function code(text) {
  return node("bdi", { class: "mono" }, text ?? DASH);
}

function timeFact(text) {
  const date = instant(text);
  return date ? timeNode(date, clockTime(date)) : code(text);
}
