// The behaviour that every page shares. No inline code anywhere: everything hangs on data- attributes.
(() => {
  "use strict";
  const $ = (query, root = document) => root.querySelector(query);
  const $$ = (query, root = document) => [...root.querySelectorAll(query)];

  const toast = (...words) => window.baton.toast(...words);

  // --- Clocks: run by the server's time, so that a wrong clock on the desk shows no wrong deadline ----
  let offset = null;
  function words(left) {
    if (left <= 0) return "late";
    if (left < 600) return `${Math.floor(left / 60)}:${String(Math.floor(left % 60)).padStart(2, "0")}`;
    if (left < 3600) return `${Math.floor(left / 60)} m`;
    return left < 86400 ? `${Math.floor(left / 3600)} h` : `${Math.floor(left / 86400)} d`;
  }
  function tick() {
    for (const clock of $$("[data-due]")) {
      if (offset === null && clock.dataset.now) offset = Date.parse(clock.dataset.now) - Date.now();
      const now = Date.now() + (offset || 0);
      const due = Date.parse(clock.dataset.due);
      const left = (due - now) / 1000;
      const text = $(".clock-text", clock);
      const said = words(left);
      if (text && text.textContent !== said) text.textContent = said;
      clock.classList.toggle("late", left <= 0);
      const start = Date.parse(clock.dataset.start || "");
      const hand = $(".hand", clock);
      if (hand && start < due) {
        const spent = Math.max(0, Math.min(100, ((now - start) / (due - start)) * 100));
        hand.setAttribute("stroke-dasharray", `${spent.toFixed(1)} 100`);
      }
    }
  }
  setInterval(tick, 1000);

  // --- Sizes that only the data knows, set through the CSSOM (the CSP forbids style attributes) ---------
  function sizes(root) {
    for (const element of $$("[data-width]", root)) element.style.setProperty("inline-size", `${Number(element.dataset.width) || 0}%`);
  }

  // --- Dialogs -----------------------------------------------------------------------------------
  const modal = () => $("#modal");
  function closeModal() { const box = modal(); if (box && box.open) { box.close(); box.replaceChildren(); } }
  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target;
    if (target && target.id === "modal") {
      if ($("[data-close-now]", target) || !target.textContent.trim()) { closeModal(); return; }
      if (!target.open) target.showModal();
      const first = $("[autofocus], input:not([type=hidden]), textarea, select", target);
      if (first) first.focus();
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => { sizes(event.detail.elt); foldFilters(event.detail.elt); tick(); });
  document.addEventListener("close-modal", closeModal);
  // Whoever opens a fact wants to write: else the first letters typed would be taken for shortcuts.
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details[data-write][open]")) $("input:not([type=hidden]), textarea, select", event.target).focus();
  }, true);
  // A form in the dialog whose answer is shown elsewhere: when it went well, the dialog is done.
  document.addEventListener("htmx:afterRequest", (event) => {
    const did = event.detail.successful && event.detail.xhr.status < 400 && !window.baton.signedOut(event.detail.xhr);
    if (did && event.detail.elt.matches("[data-closes]")) closeModal();
  });
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("[data-close]")) { const box = event.target.closest("dialog"); if (box) box.close(); }
    if (event.target instanceof HTMLDialogElement) event.target.close();
    for (const menu of $$("details.menu[open], details.more[open]")) if (!menu.contains(event.target)) menu.open = false;
    const copy = event.target.closest("[data-copy]");
    if (copy) copyText(copy);
    const say = event.target.closest("[data-say]");
    if (say) toast(say.dataset.say, say.dataset.sayTone || "");
    const hint = event.target.closest("[data-hint]");
    if (hint) hint.classList.toggle("open");
  });

  // The clipboard needs https or localhost; elsewhere the text is selected, ready for Ctrl C.
  function copyText(button) {
    const said = () => toast("Copied.");
    const select = () => {
      const code = button.parentElement.querySelector("code") || button.closest("section").querySelector("q");
      if (code) getSelection().selectAllChildren(code);
      toast("Selected. Press Ctrl C to copy.");
    };
    if (navigator.clipboard) navigator.clipboard.writeText(button.dataset.copy).then(said, select); else select();
  }

  // --- Confirm: names what will happen, before it does -------------------------------------------------
  function ask(text, yes) {
    const box = $("#confirm");
    $("#confirm-text").textContent = text;
    box.showModal();
    $("[data-yes]", box).onclick = () => { box.close(); yes(); };
    $("[data-no]", box).onclick = () => box.close();
  }
  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question, () => event.detail.issueRequest(true));
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const text = (event.submitter && event.submitter.dataset.confirm) || form.dataset.confirm;
    if (!text || form.dataset.confirmed) { delete form.dataset.dirty; return; }
    event.preventDefault();
    event.stopPropagation();
    const submitter = event.submitter;
    ask(text, () => { form.dataset.confirmed = "1"; form.requestSubmit(submitter || undefined); delete form.dataset.confirmed; });
  }, true);

  // --- A form left with changes asks first ---------------------------------------------------------
  document.addEventListener("input", (event) => {
    const form = event.target.closest && event.target.closest("form[data-guard]");
    if (form) form.dataset.dirty = "1";
  });
  window.addEventListener("beforeunload", (event) => { if ($("form[data-dirty]")) event.preventDefault(); });

  // --- Theme: shown at once, kept by the server ------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-theme-choice]");
    if (!form || !event.submitter) return;
    event.preventDefault();
    const theme = event.submitter.value;
    document.documentElement.dataset.theme = theme;
    for (const button of $$("button", form)) button.setAttribute("aria-pressed", String(button.value === theme));
    const body = new FormData(form);
    body.set("theme", theme);
    fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => toast("Not saved: no connection.", "bad"));
  });

  // --- Bulk selection ----------------------------------------------------------------------------
  function countSelected(scope) {
    const chosen = $$("[data-bulk-item]:checked", scope).length;
    for (const place of $$("[data-bulk-count]", scope)) place.textContent = chosen;
    for (const bar of $$("[data-bulk-bar]", scope)) bar.hidden = chosen === 0;
    const all = $("[data-bulk-all]", scope);
    if (all) all.indeterminate = chosen > 0 && chosen < $$("[data-bulk-item]", scope).length;
  }
  document.addEventListener("change", (event) => {
    const scope = event.target.closest && event.target.closest("[data-bulk]");
    if (scope) {
      if (event.target.matches("[data-bulk-all]")) for (const box of $$("[data-bulk-item]", scope)) box.checked = event.target.checked;
      countSelected(scope);
    }
    if (event.target.matches && event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });

  // --- On a phone long filters are folded; those in use, and the search, stay in sight --------------------
  function foldFilters(root) {
    for (const form of $$("form.filters", root)) {
      const parts = [...form.children].filter((one) => one.matches("label, .field"));
      const idle = parts.filter((one, index) => index > 1 && !$$("input, select", one).some((control) => control.type === "checkbox" ? control.checked : control.value && control.selectedIndex !== 0));
      if (form.dataset.folds || idle.length < 2) continue;
      form.dataset.folds = "1";
      for (const one of idle) one.classList.add("may-fold");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn fold-button";
      button.setAttribute("aria-expanded", "false");
      button.textContent = `${idle.length} more filters`;
      button.addEventListener("click", () => {
        const open = form.classList.toggle("unfolded");
        button.setAttribute("aria-expanded", String(open));
        button.textContent = open ? "Fewer filters" : `${idle.length} more filters`;
      });
      idle[0].before(button);
    }
  }

  // --- Start ---------------------------------------------------------------------------------------
  document.addEventListener("DOMContentLoaded", () => {
    sizes(document);
    foldFilters(document);
    tick();
    for (const scope of $$("[data-bulk]")) countSelected(scope);
  });
})();
