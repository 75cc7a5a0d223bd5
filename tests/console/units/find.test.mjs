import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.mjs";
import { later, screen } from "./screen.mjs";

const NOTHING = { flows: [] };
const one = (flowHandle) => ({ flows: [{ flowHandle }] });

// The search over a service that answers by the path; where it led to is kept.
function search(answer) {
  const { byId, write, show } = screen();
  const led = [];
  const globals = {
    byId,
    write,
    show,
    askJson: async (path) => answer(new URL(path, "http://host/").searchParams),
    keyed: (list, items, keyOf) => {
      list.children = items.map(keyOf);
    },
    location: { replace: (hash) => led.push(hash) },
    Oldest: { stuckSeconds: 300 },
  };
  const { Find } = page(["text", "codes", "hits", "find"], ["Find"], globals);
  const told = () => ({
    title: byId("found-title").textContent,
    words: byId("found-words").textContent,
    handles: byId("found-list").children,
    more: !byId("found-more").hidden,
  });
  return { Find, led, told };
}

test("hits that come late go to the search that asked for them", async () => {
  const [slow, slower] = [later(), later()];
  const answers = new Map([
    ["A", slow.promise],
    ["B", slower.promise],
  ]);
  const { Find, led, told } = search((asked) => answers.get(asked.get("flowID")) ?? NOTHING);

  const first = Find.find("A");
  const second = Find.find("B");
  slow.keep(one("of-a"));
  await first;
  slower.keep(NOTHING);
  await second;

  assert.equal(told().title, "Nothing found for \u201cB\u201d");
  assert.deepEqual([told().handles, led], [[], []]);
});

test("a text that is searched for again is not answered by its first search", async () => {
  const slow = later();
  let times = 0;
  const { Find, led } = search((asked) => {
    if (asked.get("flowID") !== "A") return NOTHING;
    times += 1;
    return times === 1 ? slow.promise : NOTHING;
  });

  const searches = [Find.find("A"), Find.find("B"), Find.find("A")];
  slow.keep(one("gone"));
  await Promise.all(searches);

  assert.deepEqual(led, []);
});

test("a further page that comes late is not shown under a later search", async () => {
  const slow = later();
  const { Find, told } = search((asked) => {
    if (asked.get("cursor")) return slow.promise;
    return asked.get("flowID") === "A" ? { ...one("of-a"), nextCursor: "c" } : NOTHING;
  });
  await Find.find("A");

  const further = Find.more();
  await Find.find("B");
  slow.keep(one("late"));
  await further;

  assert.equal(told().title, "Nothing found for \u201cB\u201d");
  assert.deepEqual(told().handles, []);
});

test("a search that was left leads nowhere when its hit comes", async () => {
  const slow = later();
  const { Find, led } = search((asked) => (asked.has("flowID") ? slow.promise : NOTHING));

  const left = Find.find("A");
  Find.close();
  slow.keep(one("of-a"));
  await left;

  assert.deepEqual(led, []);
});

test("an empty page before the last does not say that there is no such flow", async () => {
  const { Find, told } = search((asked) => {
    if (!asked.has("flowID")) return NOTHING;
    return asked.get("cursor") ? NOTHING : { flows: [], nextCursor: "c" };
  });

  await Find.find("A");
  const first = told();
  await Find.more();

  assert.equal(first.title, "Nothing found yet for \u201cA\u201d");
  assert.deepEqual([first.words, first.more], ["There is more to look through.", true]);
  assert.equal(told().title, "Nothing found for \u201cA\u201d");
  assert.ok(told().words.startsWith("No flow has this handle"), told().words);
});

test("a single hit is opened, but not where there is more to look through", async () => {
  const whole = search((asked) => (asked.has("flowID") ? one("only") : NOTHING));
  await whole.Find.find("A");
  const part = search((asked) =>
    asked.has("flowID") ? { ...one("first"), nextCursor: "c" } : NOTHING,
  );
  await part.Find.find("A");

  assert.deepEqual([whole.led, part.led], [["#flow=only"], []]);
});
