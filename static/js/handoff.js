// Ordered lists (rules, response times, reasons): Alt+Up and Alt+Down move the row that has the focus.
"use strict";
document.addEventListener("keydown", (event) => {
  if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
  const row = event.target.closest("[data-ordered] > li");
  const button = row && row.querySelector(event.key === "ArrowUp" ? "[data-up]" : "[data-down]");
  if (!button) return;
  event.preventDefault();
  sessionStorage.setItem("ordered-focus", row.id);
  button.click();
});
// After the page came back, the focus is where it was.
const focused = sessionStorage.getItem("ordered-focus");
if (focused) {
  sessionStorage.removeItem("ordered-focus");
  const row = document.getElementById(focused);
  const button = row && row.querySelector("[data-up]");
  if (button) button.focus();
}
