// As much of a document as the parts need that write into it: elements by id that hold what they
// are given.

export function screen() {
  const elements = new Map();
  const element = () => ({
    textContent: "",
    hidden: false,
    disabled: false,
    open: false,
    children: [],
    focus() {},
    showModal() {
      this.open = true;
    },
    close() {
      this.open = false;
    },
    replaceChildren(...children) {
      this.children = children;
    },
  });
  const byId = (id) => {
    if (!elements.has(id)) elements.set(id, element());
    return elements.get(id);
  };
  const write = (element, text) => {
    element.textContent = text;
  };
  const show = (element, isShown) => {
    element.hidden = !isShown;
  };
  return { byId, write, show };
}

// A promise that the test keeps when it likes.
export function later() {
  let kept;
  const promise = new Promise((resolve) => {
    kept = resolve;
  });
  return { promise, keep: kept };
}
