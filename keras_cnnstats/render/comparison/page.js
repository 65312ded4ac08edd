"use strict";
(() => {
  // Light and dark.

  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  });

  // Of each table of changes, those of one status, or with some words in them.

  document.querySelectorAll("section.other").forEach((section) => {
    const buttons = [...section.querySelectorAll("button[data-status]")];
    const filter = section.querySelector("input[type=search]");
    const rows = [...section.querySelectorAll(".changes tbody tr")];
    const count = section.querySelector("[role=status]");
    if (!filter) return;
    const state = { status: "", words: "" };
    const show = () => {
      let shown = 0;
      for (const row of rows) {
        const fits = (!state.status || row.dataset.status === state.status) && row.textContent.toLowerCase().includes(state.words);
        row.hidden = !fits;
        shown += fits;
      }
      count.textContent = shown < rows.length ? `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} changes` : "";
    };
    buttons.forEach((button) =>
      button.addEventListener("click", () => {
        state.status = button.dataset.status;
        buttons.forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
        show();
      }),
    );
    filter.addEventListener("input", () => {
      state.words = filter.value.trim().toLowerCase();
      show();
    });
  });

  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => (each.open = true)));
})();
