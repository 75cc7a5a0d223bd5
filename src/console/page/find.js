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
    // A page that is still under way goes to the hits of its own search.
    const hits = new Map();
    this.hits = hits;
    this.cursors = new Map(IDS.map(([id]) => [id, undefined]));
    byId("find").value = text;
    show(byId("found"), true);
    write(byId("found-title"), "Searching\u2026");
    write(byId("found-words"), "");
    byId("found-list").replaceChildren();
    show(byId("found-more"), false);
    const failures = await this.page([...(isHandle(text) ? [byHandle(text)] : [])]);
    if (this.hits !== hits) return;
    this.render(failures);
    const [only] = hits.values();
    // Going back must not lead here again and forward at once.
    if (hits.size === 1 && failures.length === 0 && !this.hasMore())
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
    const { hits } = this;
    const failures = await this.page();
    if (this.hits === hits) this.render(failures);
  },

  hasMore() {
    return [...this.cursors.values()].some((cursor) => cursor);
  },

  render(failures) {
    const hits = [...this.hits.values()];
    const more = this.hasMore();
    const title =
      hits.length === 0
        ? `Nothing found${more ? " yet" : ""}`
        : `${times(hits.length, "flow")}${more ? " and more" : ""}`;
    write(byId("found-title"), `${title} for \u201c${shortened(this.text, 80)}\u201d`);
    // A page may be empty before the last.
    const none = more
      ? "There is more to look through."
      : "No flow has this handle, flowID, correlation id or verifyRunID. Ended flows are " +
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
    this.hits = new Map();
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
