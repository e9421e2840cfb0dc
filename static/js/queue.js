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

  function choose(row) {
    for (const other of rows()) other.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
    row.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest(".item-link");
    if (!link) return;
    choose(link.closest("[data-item]"));
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
    if (!document.querySelector("[data-item][aria-current]") && rows().length && !document.querySelector("dialog[open]")) {
      const first = rows()[0];
      choose(first);
      htmx.ajax("GET", first.querySelector(".item-link").getAttribute("hx-get"), { target: "#queue-panel" });
    } else if (!rows().length) {
      const panel = document.querySelector("#queue-panel");
      const kept = document.querySelector("#queue-done");
      if (panel && kept) panel.replaceChildren(kept.content.cloneNode(true));
    }
  });

  document.addEventListener("queue-new", () => {
    if (window.baton) window.baton.toast("A new lead is on the clock.");
    const sound = document.querySelector("[data-sound]");
    if (!sound) return;
    const context = new AudioContext();
    const tone = context.createOscillator();
    const gain = context.createGain();
    gain.gain.value = 0.05;
    tone.frequency.value = 660;
    tone.connect(gain).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 0.18);
  });
})();
