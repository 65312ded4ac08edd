// What the theme leaves out: headings say their level, and what scrolls can be reached by keyboard.
addEventListener("DOMContentLoaded", () => {
  for (const each of document.querySelectorAll('[role="heading"]:not([aria-level])')) each.setAttribute("aria-level", "2");
  for (const each of document.querySelectorAll("pre, table.docutils")) each.tabIndex = 0;
});
