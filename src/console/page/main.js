// What the reader does: addresses, keys, buttons.

// The place in the page that the address names: #flow=HANDLE or #find=TEXT.
function route() {
  const [name, value = ""] = splitHash(location.hash);
  if (name === "flow" && value !== "") {
    Find.close();
    FlowView.open(value);
  } else if (name === "find" && value !== "") {
    FlowView.close();
    Find.find(value);
  } else {
    FlowView.close();
    Find.close();
  }
}

function splitHash(hash) {
  const at = hash.indexOf("=");
  if (at < 0) return [""];
  try {
    return [hash.slice(1, at), decodeURIComponent(hash.slice(at + 1))];
  } catch {
    return [hash.slice(1, at), hash.slice(at + 1)];
  }
}

function leave() {
  history.pushState(null, "", location.pathname + location.search);
  route();
  byId("find").focus();
}

function search(event) {
  event.preventDefault();
  const text = byId("find").value.trim();
  const hash = `#find=${encodeURIComponent(text)}`;
  if (text === "") return;
  if (location.hash === hash) route();
  else location.hash = hash;
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("expire").open) return;
  const isWriting = event.target.matches("input, select, textarea");
  if (event.key === "/" && !isWriting) {
    event.preventDefault();
    byId("find").focus();
    byId("find").select();
  }
  if (event.key === "Escape" && !(byId("flow").hidden && byId("found").hidden)) {
    event.preventDefault();
    leave();
  }
}

function seen() {
  if (document.hidden) FlowView.silence();
  else Poll.run();
}

byId("find-form").addEventListener("submit", search);
byId("found-close").addEventListener("click", leave);
byId("found-more").addEventListener("click", () => Find.more());
byId("flow-close").addEventListener("click", leave);
byId("flow-expire").addEventListener("click", () => Expire.ask(FlowView.flow.status));
byId("expire-cancel").addEventListener("click", () => byId("expire").close());
byId("expire-do").addEventListener("click", () => Expire.confirmed());
byId("stuck").addEventListener("change", () => Poll.answeredAt && Poll.render());
document.addEventListener("keydown", pressed);
document.addEventListener("visibilitychange", seen);
addEventListener("hashchange", route);
Poll.run();
route();
