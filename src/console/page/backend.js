// Calls to the backend: how many, how long, how they ended.

// Each column and its name, which a narrow window shows at each number, where there is no head.
const NAMES = {
  calls: "Calls",
  p50: "p50",
  p95: "p95",
  p99: "p99",
  2: "2xx",
  3: "3xx",
  4: "4xx",
  5: "5xx",
  timeouts: "Timed out",
  unavailable: "Unavailable",
};
const COLUMNS = ["calls", "p50", "p95", "p99", "2", "3", "4", "5", "timeouts", "unavailable"];

const Backend = {
  render(summary, protocols) {
    const sorted = [...summary.calls.rows].sort(
      (one, other) => trouble(other) - trouble(one) || inOrder(one, other, protocols),
    );
    const called = sorted.filter((row) => row.calls > 0);
    write(byId("backend-span"), spanHint(summary));
    write(byId("backend-none"), called.length > 0 ? "" : noCallWords(summary));
    show(byId("backend-scroll"), called.length > 0);
    keyed(byId("backend").tBodies[0], called, rowName, backendRow, (row, item) => {
      COLUMNS.forEach((column, at) => fillCell(row.cells[at + 1], item, column));
    });
    this.idle(sorted.filter((row) => row.calls === 0));
  },

  // Steps that nobody asked for, by protocol.
  idle(rows) {
    show(byId("backend-idle"), rows.length > 0);
    write(byId("backend-idle-count"), times(rows.length, "idle step"));
    const protocols = [...new Set(rows.map(({ protocol }) => protocol))];
    const make = () => node("div", null, node("dt"), node("dd"));
    keyed(byId("backend-idle-steps"), protocols, String, make, (group, protocol) => {
      const steps = rows.filter((row) => row.protocol === protocol).map(({ step }) => step);
      write(group.firstElementChild, protocol);
      write(group.lastElementChild, steps.join(", "));
    });
  },
};

function noCallWords({ hasRates, watched }) {
  return hasRates ? `It was not called in ${spanWords(watched)}.` : "Not known yet.";
}

// How many calls went wrong; those that got no judgement count before those that were refused.
function trouble({ calls, timeouts, unavailable, classes }) {
  return (timeouts + unavailable + classes[5]) * (calls + 1) + classes[4];
}

// Protocols by name, their steps as they are defined.
function inOrder(one, other, protocols) {
  if (one.protocol !== other.protocol) return one.protocol < other.protocol ? -1 : 1;
  const steps = Object.keys(protocols.get(one.protocol)?.steps ?? {});
  return steps.indexOf(one.step) - steps.indexOf(other.step);
}

function rowName({ protocol, step }) {
  return `${protocol}/${step}`;
}

function backendRow({ protocol, step }) {
  const name = node("th", { scope: "row", role: "rowheader" }, step, " ", node("small", null, protocol));
  // Roles are told because the look of a narrow window would take those of a table away.
  const cell = (column) => node("td", { class: "n", role: "cell", "data-name": NAMES[column] });
  return node("tr", { role: "row" }, name, COLUMNS.map(cell));
}

function fillCell(cell, item, column) {
  let words;
  let tone = "";
  if (column === "calls") {
    words = count(item.calls);
  } else if (column.startsWith("p")) {
    words = quantileWords(item[column]);
    if (item[column]?.value > SLOW_SECONDS) tone = "warm";
  } else {
    const value = item.classes[column] ?? item[column];
    words = item.calls > 0 && value > 0 ? percent(value / item.calls) : DASH;
    if (value > 0 && ["5", "timeouts", "unavailable"].includes(column)) tone = "hot";
    if (value > 0 && ["3", "4"].includes(column)) tone = "warm";
  }
  write(cell, words);
  cell.className = `n ${words === DASH ? "zero" : tone}`.trim();
}
