// Calls to the backend: how many, how long, how they ended.

const COLUMNS = ["calls", "p50", "p95", "p99", "2", "3", "4", "5", "timeouts", "unavailable"];

const Backend = {
  render(summary, protocols) {
    const { rows } = summary.calls;
    write(byId("backend-span"), spanHint(summary));
    write(
      byId("backend-none"),
      rows.length > 0
        ? ""
        : "It has not been called in the life of this instance, as far as is known here.",
    );
    show(byId("backend-scroll"), rows.length > 0);
    const sorted = [...rows].sort((one, other) => inOrder(one, other, protocols));
    keyed(byId("backend").tBodies[0], sorted, rowName, backendRow, (row, item) => {
      COLUMNS.forEach((column, at) => fillCell(row.cells[at + 1], item, column));
    });
  },
};

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
  const name = node("th", { scope: "row" }, step, " ", node("small", null, protocol));
  return node(
    "tr",
    null,
    name,
    COLUMNS.map(() => node("td", { class: "n" })),
  );
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
