// Flows as a list: one line for each, which leads to the flow.

function fillHits(list, hits, stuckSeconds) {
  keyed(
    list,
    hits,
    ({ flow }) => flow.flowHandle,
    hit,
    (item, { flow, matched }) => {
      const age = (Date.now() - (instant(flow.issuedAt)?.getTime() ?? Date.now())) / 1000;
      item.className = !flow.terminal && age > stuckSeconds ? "stuck" : "";
      const [where, when, ids] = item.firstElementChild.children;
      write(where.firstChild, flow.state);
      write(when, `${wholeDuration(Math.max(0, age))} old`);
      when.title = `begun ${flow.issuedAt}`;
      write(ids.firstElementChild, matched ? `${matched} \u00b7 ${flow.flowHandle}` : idsOf(flow));
    },
  );
}

function hit({ flow }) {
  const where = node(
    "span",
    { class: "where" },
    node("span"),
    " ",
    node("small", null, flow.protocol),
  );
  const ids = node("span", { class: "ids mono" }, node("bdi"));
  return node(
    "li",
    null,
    node("a", { href: flowHash(flow.flowHandle) }, where, node("span", { class: "when" }), ids),
  );
}

function idsOf(flow) {
  return `${flow.flowHandle} \u00b7 ${shortened(flow.correlationID ?? "", 64)}`;
}

function flowHash(handle) {
  return `#flow=${encodeURIComponent(handle)}`;
}

function searchPath(parameters) {
  return `/v1/flows?${new URLSearchParams(parameters)}`;
}
