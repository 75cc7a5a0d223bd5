// What the backend answered, byte for byte; indented only where the reader asks.

const SHOWN_AT_FIRST = 20_000;
// What is this short needs no indenting.
const READ_AT_A_GLANCE = 80;

function answerNode({ backend, backend_base64: base64 }) {
  if (base64 !== undefined)
    return answerBlock(base64, "Answer of the backend, not JSON, in base64", null);
  if (backend === undefined) return null;
  return answerBlock(backend, "Answer of the backend, as sent", indented(backend));
}

function answerBlock(sent, title, tidy) {
  const words = node("span", null, title);
  const pre = node("pre", { tabindex: "0", "aria-label": title });
  const head = node("div", { class: "answer-head" }, words);
  if (tidy !== null && sent.length > READ_AT_A_GLANCE)
    head.append(indentButton(sent, tidy, title, words, pre));
  pre.textContent = sent.slice(0, SHOWN_AT_FIRST);
  if (sent.length > SHOWN_AT_FIRST) head.append(wholeButton(sent, pre));
  return node("div", { class: "answer" }, head, pre);
}

function indentButton(sent, tidy, title, words, pre) {
  const button = node(
    "button",
    { type: "button", class: "small", "aria-pressed": "false" },
    "Indent",
  );
  button.addEventListener("click", () => {
    const isTidy = button.getAttribute("aria-pressed") === "false";
    button.setAttribute("aria-pressed", String(isTidy));
    write(words, isTidy ? "Answer of the backend, indented here: not as sent" : title);
    write(pre, isTidy ? tidy : sent);
  });
  return button;
}

function wholeButton(sent, pre) {
  const button = node(
    "button",
    { type: "button", class: "small" },
    `Show all ${count(sent.length)} characters`,
  );
  button.addEventListener("click", () => {
    write(pre, sent);
    button.remove();
    pre.focus();
  });
  return button;
}
