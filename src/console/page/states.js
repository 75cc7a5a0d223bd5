// How the flows of the whole store are distributed over the states of their protocols.

const States = {
  render(summary, protocols) {
    const stored = summary.states.filter((state) => state.flows > 0);
    const flows = stored.reduce((sum, state) => sum + state.flows, 0);
    write(
      byId("states-total"),
      summary.storeUp
        ? `whole store, ${times(flows, "flow")}`
        : "unknown: the store does not answer",
    );
    show(byId("states-none"), summary.storeUp && stored.length === 0);
    const groups = grouped(stored, protocols);
    keyed(
      byId("states"),
      groups,
      ({ name }) => name,
      protocolBlock,
      (block, group) => {
        write(block.querySelector("h3 span"), times(group.flows, "flow"));
        keyed(
          block.querySelector("ul"),
          group.states,
          ({ state }) => state,
          stateRow,
          (row, state) => fillState(row, state, group),
        );
      },
    );
  },
};

// Protocols with the most flows first; states in the order of their definition.
function grouped(stored, protocols) {
  const groups = new Map();
  for (const state of stored) {
    const group = groups.get(state.protocol) ?? { name: state.protocol, flows: 0, states: [] };
    group.flows += state.flows;
    group.states.push(state);
    groups.set(state.protocol, group);
  }
  for (const group of groups.values()) {
    const order = protocols.get(group.name)?.states ?? [];
    const place = ({ state }) => (order.indexOf(state) + order.length + 1) % (order.length + 1);
    group.states.sort((one, other) => place(one) - place(other));
  }
  return [...groups.values()].sort(
    (one, other) => other.flows - one.flows || (one.name < other.name ? -1 : 1),
  );
}

function protocolBlock({ name }) {
  return node(
    "div",
    { class: "protocol" },
    node("h3", null, name, node("span")),
    node("ul", { class: "states" }),
  );
}

function stateRow({ state }) {
  const bar = svg(
    "svg",
    { viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "track", width: 100, height: 12, rx: 2 }),
    svg("rect", { class: "bar", height: 12, rx: 2 }),
  );
  return node(
    "li",
    null,
    node("span", null, state),
    bar,
    node("span", { class: "n" }),
    node("span", { class: "age" }),
  );
}

function fillState(row, { state, flows, oldest, isOpen: open }, group) {
  row.className = open ? "open" : state;
  row.querySelector(".bar").setAttribute("width", Math.max(0.8, (flows / group.flows) * 100));
  write(row.querySelector(".n"), count(flows));
  write(row.querySelector(".age"), oldest === null ? "" : `oldest ${wholeDuration(oldest)}`);
}
