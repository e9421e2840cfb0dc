// The behaviour that every page shares. No inline code anywhere: everything hangs on data- attributes.
(() => {
  "use strict";
  const $ = (query, root = document) => root.querySelector(query);
  const $$ = (query, root = document) => [...root.querySelectorAll(query)];
  const typing = (element) => element && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));

  // --- Toasts ------------------------------------------------------------------------------------
  function toast(text, tone = "", undo = "") {
    const box = document.createElement("div");
    box.className = `toast ${tone}`;
    box.textContent = text;
    if (undo) {
      const button = document.createElement("button");
      button.className = "btn";
      button.type = "button";
      button.textContent = "Undo";
      button.addEventListener("click", () => { htmx.ajax("POST", undo, { swap: "none" }); box.remove(); });
      box.append(button);
    }
    $("#toasts").append(box);
    fade(box);
  }
  const fade = (box) => setTimeout(() => box.remove(), box.classList.contains("error") || box.classList.contains("bad") ? 12000 : 7000);
  document.addEventListener("toast", (event) => {
    const detail = event.detail || {};
    toast(detail.text || detail.value || "", detail.tone || "", detail.undo || "");
  });
  document.addEventListener("htmx:responseError", (event) => {
    const request = event.detail.xhr;
    let text = { 403: "You may not do this.", 404: "This is no longer here.", 409: "Somebody else was first. Reload and look again." }[request.status];
    try { text = JSON.parse(request.responseText).detail || text; } catch { /* not a problem document */ }
    toast(text || "Something went wrong on our side. Nothing was changed; try again.", "bad");
  });
  document.addEventListener("htmx:sendError", () => toast("No connection. Nothing was changed; try again.", "bad"));

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
  document.addEventListener("htmx:afterSettle", (event) => { sizes(event.detail.elt); tick(); });
  document.addEventListener("close-modal", closeModal);
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("[data-close]")) { const box = event.target.closest("dialog"); if (box) box.close(); }
    if (event.target instanceof HTMLDialogElement) event.target.close();
    if (event.target.closest("[data-palette]")) openPalette();
    for (const menu of $$("details.menu[open], details.more[open]")) if (!menu.contains(event.target)) menu.open = false;
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard.writeText(copy.dataset.copy).then(() => toast("Copied."));
    const hint = event.target.closest("[data-hint]");
    if (hint) hint.classList.toggle("open");
  });

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

  // --- Bulk selection ----------------------------------------------------------------------------
  function countSelected(scope) {
    const chosen = $$("[data-bulk-item]:checked", scope).length;
    for (const place of $$("[data-bulk-count]", scope)) place.textContent = chosen;
    for (const bar of $$("[data-bulk-bar]", scope)) bar.hidden = chosen === 0;
  }
  document.addEventListener("change", (event) => {
    const scope = event.target.closest && event.target.closest("[data-bulk]");
    if (scope) {
      if (event.target.matches("[data-bulk-all]")) for (const box of $$("[data-bulk-item]", scope)) box.checked = event.target.checked;
      countSelected(scope);
    }
    if (event.target.matches && event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });

  // --- Keys ----------------------------------------------------------------------------------------
  const palette = () => $("#palette");
  function openPalette() {
    const box = palette();
    if (!box || box.open) return;
    box.showModal();
    const input = $("input", box);
    input.value = "";
    input.focus();
    htmx.trigger(input, "palette-open");
  }
  function moveInPalette(event) {
    const hits = $$("#palette-hits a");
    if (!hits.length) return;
    const at = hits.indexOf(document.activeElement);
    if (event.key === "ArrowDown") { event.preventDefault(); (hits[at + 1] || hits[0]).focus(); }
    if (event.key === "ArrowUp") { event.preventDefault(); at <= 0 ? $("input", palette()).focus() : hits[at - 1].focus(); }
    if (event.key === "Enter" && at < 0) { event.preventDefault(); hits[0].click(); }
  }
  function showKeys() {
    const box = $("#keys");
    if (!box) return;
    const list = $(".keys-list", box);
    list.replaceChildren();
    const rows = [["Ctrl K", "Find"], ["?", "These keys"]];
    for (const element of $$("[data-key]")) rows.push([element.dataset.key.toUpperCase(), element.dataset.keyLabel || element.getAttribute("aria-label") || element.textContent.replace(/\s+\S$/, "").trim()]);
    for (const element of $$("[data-keys]")) rows.push([element.dataset.keys, element.dataset.keysLabel || ""]);
    for (const [key, what] of rows) {
      const name = document.createElement("dt");
      const mark = document.createElement("kbd");
      mark.textContent = key;
      name.append(mark);
      const text = document.createElement("dd");
      text.textContent = what;
      list.append(name, text);
    }
    box.showModal();
  }
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); return; }
    if (palette() && palette().open) { moveInPalette(event); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("dialog[open]")) return;
    if (event.key === "?") { event.preventDefault(); showKeys(); return; }
    if (event.key === "/") { event.preventDefault(); openPalette(); return; }
    const button = $$("[data-key]").find((one) => one.dataset.key === event.key && one.offsetParent !== null);
    if (button) { event.preventDefault(); button.click(); }
  });

  // --- Start ---------------------------------------------------------------------------------------
  document.addEventListener("DOMContentLoaded", () => {
    sizes(document);
    tick();
    for (const box of $$("[data-toast]")) fade(box);
    for (const scope of $$("[data-bulk]")) countSelected(scope);
  });
  window.baton = { toast };
})();
