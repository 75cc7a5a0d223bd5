// The oldest open flows, a few of each state. What is asked for does not grow with what is stored.

const STATES_LISTED = 8;
const FLOWS_OF_A_STATE = 3;

const Oldest = {
  hits: [],
  failure: null,

  get stuckSeconds() {
    return Number(byId("stuck").value);
  },

  // Whether the list says that nothing is open while something is.
  lags(summary) {
    return this.hits.length === 0 && summary.open.some((state) => state.flows > 0);
  },

  async refresh(summary) {
    const states = [...summary.open]
      .filter((state) => state.flows > 0)
      .sort((one, other) => other.oldest - one.oldest);
    try {
      const lists = await Promise.all(states.slice(0, STATES_LISTED).map(oldestOf));
      const open = lists.flat().filter((flow) => !flow.terminal);
      // The lists are asked for at once: a flow that moves meanwhile may stand in two of them.
      const flows = new Map(open.map((flow) => [flow.flowHandle, flow]));
      this.hits = [...flows.values()]
        .sort((one, other) => (one.issuedAt < other.issuedAt ? -1 : 1))
        .map((flow) => ({ flow }));
      this.failure = null;
    } catch (error) {
      this.failure = error.message;
    }
    this.render(summary);
  },

  render(summary) {
    fillHits(byId("oldest"), this.hits, this.stuckSeconds);
    const late = this.hits.filter(
      ({ flow }) => Date.now() - instant(flow.issuedAt) > this.stuckSeconds * 1000,
    ).length;
    const states = summary.open.filter((state) => state.flows > 0).length;
    const listed =
      `At most ${FLOWS_OF_A_STATE} of each ` +
      `state${states > STATES_LISTED ? `, of the ${STATES_LISTED} states with the oldest` : ""}.`;
    const words =
      late > 0
        ? `${times(late, "flow")} of those listed ${late === 1 ? "is" : "are"} stuck. ${listed}`
        : `None is stuck. ${listed}`;
    write(
      byId("oldest-words"),
      this.failure ?? (this.hits.length > 0 ? words : "No flow is open."),
    );
  },
};

async function oldestOf({ protocol, state }) {
  const path = searchPath({ protocol, state, limit: FLOWS_OF_A_STATE });
  return (await askJson(path)).flows;
}
