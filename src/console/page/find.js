// The search: a text may be a handle or one of three ids. All of them are tried, all hits shown.

const IDS = [
  ["flowID", "flowID"],
  ["correlationID", "correlation id"],
  ["verifyRunID", "verifyRunID"],
];
const HITS_OF_AN_ID = 20;

const Find = {
  text: "",
  hits: new Map(),
  // For each id: where the next page begins, or null.
  cursors: new Map(),

  async find(text) {
    this.text = text;
    this.hits.clear();
    this.cursors = new Map(IDS.map(([id]) => [id, undefined]));
    byId("find").value = text;
    show(byId("found"), true);
    write(byId("found-title"), "Searching\u2026");
    write(byId("found-words"), "");
    byId("found-list").replaceChildren();
    show(byId("found-more"), false);
    const failures = await this.page([...(isHandle(text) ? [byHandle(text)] : [])]);
    if (this.text !== text) return;
    this.render(failures);
    const [only] = this.hits.values();
    // Going back must not lead here again and forward at once.
    if (this.hits.size === 1 && failures.length === 0)
      location.replace(flowHash(only.flow.flowHandle));
    else byId("found-title").focus();
  },

  // Asks for the next page of every id that has one; answers what failed.
  async page(more = []) {
    const { text, hits, cursors } = this;
    const open = IDS.filter(([id]) => cursors.get(id) !== null);
    const asked = [...more, ...open.map(([id, words]) => withId(id, words, text, cursors))];
    const ended = await Promise.allSettled(asked);
    for (const { value } of ended) {
      for (const hit of value ?? [])
        if (!hits.has(hit.flow.flowHandle)) hits.set(hit.flow.flowHandle, hit);
    }
    return ended.filter(({ status }) => status === "rejected").map(({ reason }) => reason.message);
  },

  async more() {
    const failures = await this.page();
    this.render(failures);
  },

  render(failures) {
    const hits = [...this.hits.values()];
    const more = [...this.cursors.values()].some((cursor) => cursor);
    const title =
      hits.length === 0
        ? "Nothing found"
        : `${times(hits.length, "flow")}${more ? " and more" : ""}`;
    write(byId("found-title"), `${title} for \u201c${shortened(this.text, 80)}\u201d`);
    const none =
      "No flow has this handle, flowID, correlation id or verifyRunID. Ended flows are " +
      "removed after their retention.";
    write(
      byId("found-words"),
      failures.length > 0
        ? `Not all could be asked: ${failures[0]}.`
        : hits.length === 0
          ? none
          : "",
    );
    fillHits(byId("found-list"), hits, Oldest.stuckSeconds);
    show(byId("found-more"), more);
  },

  close() {
    this.text = "";
    show(byId("found"), false);
  },
};

async function byHandle(handle) {
  try {
    return [{ flow: await askJson(`/v1/flows/${handle}/status`), matched: "handle" }];
  } catch (error) {
    if (error.status === 404) return [];
    throw error;
  }
}

async function withId(id, words, text, cursors) {
  const cursor = cursors.get(id);
  try {
    const page = await askJson(
      searchPath({ [id]: text, limit: HITS_OF_AN_ID, ...(cursor ? { cursor } : {}) }),
    );
    cursors.set(id, page.nextCursor ?? null);
    return page.flows.map((flow) => ({ flow, matched: words }));
  } catch (error) {
    // The text cannot be such an id, so no flow has it.
    if (error.code !== "invalid_input") throw error;
    cursors.set(id, null);
    return [];
  }
}
