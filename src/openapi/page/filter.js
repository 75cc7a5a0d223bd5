"use strict";
(() => {
  const label = document.getElementById("find");
  const input = label.querySelector("input");
  const articles = [...document.querySelectorAll("main article")];
  const entries = [...document.querySelectorAll("nav li")];
  const texts = new Map(articles.map((article) => [article, article.textContent.toLowerCase()]));
  const narrow = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const article of articles) {
      article.hidden = !words.every((word) => texts.get(article).includes(word));
    }
    for (const entry of entries) {
      entry.hidden = document.getElementById(entry.dataset.of).hidden;
    }
  };
  const shown = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.closest("article")?.hidden) {
      input.value = "";
      narrow();
      target.scrollIntoView();
    }
  };
  input.addEventListener("input", narrow);
  addEventListener("hashchange", shown);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== input) {
      event.preventDefault();
      input.focus();
    } else if (event.key === "Escape" && document.activeElement === input) {
      input.value = "";
      narrow();
    }
  });
  label.hidden = false;
})();
