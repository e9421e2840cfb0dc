// The leads list: select all, how many are selected, only the value that the chosen action needs. Works without too.
(() => {
  const refresh = (form) => {
    const boxes = [...form.querySelectorAll("[name=lead]")];
    const on = boxes.filter((one) => one.checked).length;
    const count = form.querySelector("[data-bulk-count]");
    if (count) count.textContent = on ? `The ${on} selected` : "The selected";
    const all = form.querySelector("[data-check-all]");
    if (all) {
      all.checked = on > 0 && on === boxes.length;
      all.indeterminate = on > 0 && on < boxes.length;
    }
    const action = form.querySelector("[data-bulk-action]").value;
    for (const field of form.querySelectorAll("[data-for]")) field.hidden = field.dataset.for !== action;
  };
  const start = (root) => root.querySelectorAll("[data-bulk]").forEach(refresh);
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-bulk]");
    if (!form) return;
    if (event.target.matches("[data-check-all]")) {
      for (const box of form.querySelectorAll("[name=lead]")) box.checked = event.target.checked;
    }
    refresh(form);
  });
  const narrow = matchMedia("(max-width: 1000px)");
  const ready = () => {
    start(document);
    if (narrow.matches) document.querySelector("[data-filters]")?.removeAttribute("open");
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
  document.addEventListener("htmx:load", (event) => start(event.target.parentElement || document));
})();
