// The verdict on the page.

const Judged = {
  kind: null,

  render(findings) {
    const [worst, ...others] = findings;
    byId("verdict").dataset.level = worst.level;
    write(byId("headline"), worst.headline);
    this.blame(byId("blame"), worst);
    write(byId("cause"), worst.cause);
    write(byId("advice"), worst.advice);
    document.title = `${worst.level === "ok" ? "" : "! "}${worst.headline}`;
    this.also(others);
    // A screen reader is told when things change, not when a number does.
    if (this.kind !== worst.kind) write(byId("announced"), worst.headline);
    this.kind = worst.kind;
  },

  also(others) {
    show(byId("also"), others.length > 0);
    const make = () =>
      node("li", null, node("span", { class: "who" }), node("span", { class: "what" }));
    keyed(
      byId("also"),
      others,
      (other) => other.kind,
      make,
      (item, other) => {
        item.dataset.level = other.level;
        this.blame(item.firstElementChild, other);
        write(item.lastElementChild, other.headline);
      },
    );
  },

  blame(place, { fault: who }) {
    if (!who) place.replaceChildren();
    else if (place.dataset.who !== who || !place.firstChild) place.replaceChildren(faultNode(who));
    place.dataset.who = who ?? "";
  },
};
