// The keyboard: Ctrl K finds, ? lists the keys of this page, data-key presses its button.
(() => {
  "use strict";
  const $ = (query, root = document) => root.querySelector(query);
  const $$ = (query, root = document) => [...root.querySelectorAll(query)];
  const typing = (element) => element && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));

  const palette = () => $("#palette");
  function openPalette() {
    const box = palette();
    const input = box && $("input", box);
    if (!box || box.open || !input.getAttribute("hx-get")) return;
    box.showModal();
    input.value = "";
    shown = null;
    goWhenShown = false;
    input.focus();
    htmx.trigger(input, "palette-open");
  }
  function moveInPalette(event) {
    const hits = $$("#palette-hits a");
    if (!hits.length && event.key !== "Enter") return;
    const at = hits.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && hits.length) { event.preventDefault(); (hits[at + 1] || hits[0]).focus(); }
    if (event.key === "ArrowUp") { event.preventDefault(); at <= 0 ? $("input", palette()).focus() : hits[at - 1].focus(); }
    if (event.key === "Enter" && at < 0) {
      event.preventDefault();
      // Somebody types quicker than the answer comes: wait for what they asked, never open what was there before.
      if (shown !== $("input", palette()).value) goWhenShown = true;
      else if (hits.length) hits[0].click();
    }
  }
  let shown = null;
  let goWhenShown = false;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target && event.detail.target.id === "palette-hits") event.detail.xhr.asked = $("input", palette()).value;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!event.detail.target || event.detail.target.id !== "palette-hits") return;
    shown = event.detail.xhr.asked;
    if (!goWhenShown || shown !== $("input", palette()).value) return;
    goWhenShown = false;
    const hit = $("#palette-hits a");
    if (hit) hit.click();
  });
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
    if (event.key === "Escape") for (const menu of $$("details.menu[open], details.more[open]")) { menu.open = false; $("summary", menu).focus(); }
    // A part that is being exchanged: its buttons are the old ones. It may keep the key for the new ones.
    const changing = $("[data-keeps-key][aria-busy='true']");
    if (changing && event.key.length === 1 && !/^[jk]$/.test(event.key)) {
      event.preventDefault();
      if (changing.dataset.keepsKey === "yes") changing.dataset.keptKey = event.key;
      return;
    }
    const button = $$("[data-key]").find((one) => one.dataset.key === event.key && one.offsetParent !== null);
    if (button) { event.preventDefault(); button.click(); }
  });
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("[data-palette]")) openPalette();
    if (event.target.closest("[data-show-keys]")) showKeys();
  });
})();
