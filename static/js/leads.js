// The leads list: of the values beside "Do ...", only the one that the chosen action needs. On a narrow screen the
// filters start closed.
(() => {
  const refresh = (form) => {
    const action = form.querySelector("[data-bulk-action]").value;
    for (const field of form.querySelectorAll("[data-for]")) field.hidden = field.dataset.for !== action;
  };
  const start = () => {
    for (const form of document.querySelectorAll("[data-bulk]")) if (form.querySelector("[data-bulk-action]")) refresh(form);
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-bulk-action]")) refresh(event.target.form);
  });
  document.addEventListener("DOMContentLoaded", () => {
    start();
    if (matchMedia("(max-width: 1000px)").matches) document.querySelector("[data-filters]")?.removeAttribute("open");
  });
  document.addEventListener("htmx:load", start);
})();
