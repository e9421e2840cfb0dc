// My queue: J and K walk the list, the poll asks only "has it changed since what I show?".
(() => {
  "use strict";
  const list = () => document.querySelector("[data-queue-list]");
  const rows = () => [...document.querySelectorAll("[data-item]")];

  document.addEventListener("htmx:configRequest", (event) => {
    const box = list();
    if (!box || event.detail.elt !== box) return;
    const shown = box.querySelector("[data-queue-version]");
    const why = event.detail.triggeringEvent && event.detail.triggeringEvent.type;
    if (shown && why !== "handoff-changed" && why !== "task-changed") event.detail.parameters.v = shown.dataset.queueVersion;
    event.detail.parameters.keys = shown ? shown.dataset.queueKeys : "";
    const current = box.querySelector("[aria-current]");
    if (current) event.detail.parameters.open = current.dataset.item;
  });

  // What the person on the right is about. An answer to an older poll may name another: the choice here wins.
  let chosen = null;
  const panel = () => document.querySelector("#queue-panel");
  function mark(row) {
    for (const other of rows()) other.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
    chosen = row.dataset.item;
  }
  // Until the new panel has come, the old one's buttons are about somebody else: no click and no key reaches them.
  // A key pressed by who chose the row is kept for the new panel; after an automatic change it is dropped.
  function choose(row, byPerson) {
    mark(row);
    row.scrollIntoView({ block: "nearest" });
    const box = panel();
    box.setAttribute("aria-busy", "true");
    box.inert = true;
    box.dataset.keepsKey = byPerson ? "yes" : "no";
    delete box.dataset.keptKey;
  }
  function show(row) {
    const link = row.querySelector(".item-link");
    // given up when another row is chosen meanwhile, which is no fault; what is one, messages.js tells
    htmx.ajax("GET", link.getAttribute("hx-get"), { source: link, target: "#queue-panel" }).catch(() => {});
    choose(row, false);
  }
  function settled(key) {
    const box = panel();
    box.removeAttribute("aria-busy");
    box.inert = false;
    delete box.dataset.keptKey;
    const button = key && box.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (button) button.click();
  }
  // The last request for the panel counts: of a quick J J, or a click while the first lead is still coming, only the
  // second (hx-sync gives the other up). However it ended, the panel answers again; htmx tells that to the row that
  // was clicked, and a poll may have taken the row away meanwhile: the request itself is asked.
  let current = null;
  document.addEventListener("htmx:beforeSend", (event) => {
    if (event.detail.target !== panel()) return;
    const sent = (current = event.detail.xhr);
    sent.addEventListener("loadend", () => { if (sent === current && panel()?.hasAttribute("aria-busy")) settled(null); });
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const box = panel();
    if (box && event.detail.target === box && event.detail.xhr === current && box.hasAttribute("aria-busy")) settled(box.dataset.keptKey);
  });

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest(".item-link");
    if (!link) return;
    choose(link.closest("[data-item]"), true);
    document.querySelector("[data-queue]").classList.add("is-open");
  });

  document.addEventListener("keydown", (event) => {
    if (!list() || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const all = rows();
    if (!all.length) return;
    event.preventDefault();
    const at = all.findIndex((row) => row.hasAttribute("aria-current"));
    const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
    next.querySelector(".item-link").click();
    next.querySelector(".item-link").focus();
  });

  // After a decision the person on the right may be gone from the list: show the next one.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== list()) return;
    const mine = rows().find((row) => row.dataset.item === chosen) || rows().find((row) => row.hasAttribute("aria-current"));
    if (mine) mark(mine);
    const shown = panel() && panel().querySelector("[data-panel-kind]");
    if (rows().length && !document.querySelector("dialog[open]")) {
      if (!mine) show(rows()[0]);
      // Decided meanwhile, here or elsewhere: what is to be done about them is another thing now.
      else if (shown && shown.dataset.panelKind !== mine.dataset.kind) show(mine);
    } else if (!rows().length) {
      const kept = document.querySelector("#queue-done");
      if (panel() && kept) panel().replaceChildren(kept.content.cloneNode(true));
    }
  });
})();
