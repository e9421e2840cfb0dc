// Messages at the corner: what the server says, and what goes wrong on the way to it.
(() => {
  "use strict";
  const $ = (query, root = document) => root.querySelector(query);
  const $$ = (query, root = document) => [...root.querySelectorAll(query)];

  function toast(text, tone = "", undo = "", open = "") {
    const box = document.createElement("div");
    box.className = `toast ${tone}`;
    const words = document.createElement("span");
    words.textContent = text;
    box.append(words);
    if (undo) {
      box.dataset.stay = "30000"; // time to notice the slip
      const button = document.createElement("button");
      button.className = "btn";
      button.type = "button";
      button.textContent = "Undo";
      button.addEventListener("click", () => { htmx.ajax("POST", undo, { swap: "none" }); box.remove(); });
      box.append(button);
    }
    if (open) {
      const link = document.createElement("a");
      link.className = "btn";
      link.href = open;
      link.textContent = "Open";
      box.append(link);
    }
    $("#toasts").append(box);
    rise();
    fade(box);
    return box;
  }
  // A dialog lies over everything that is not in the top layer with it; what is shown there later lies on top.
  function rise() {
    const place = $("#toasts");
    if (!$("dialog:modal") || !place.showPopover) return;
    place.popover = "manual";
    if (place.matches(":popover-open")) place.hidePopover();
    place.showPopover();
  }
  // Gone by itself after a while, but not while somebody reads it; bad news stays longer.
  function fade(box) {
    const off = document.createElement("button");
    off.className = "toast-off";
    off.type = "button";
    off.setAttribute("aria-label", "Dismiss");
    off.textContent = "×";
    off.addEventListener("click", () => box.remove());
    box.append(off);
    const bad = box.classList.contains("error") || box.classList.contains("bad");
    const leave = () => (box.matches(":hover, :focus-within") || $("[data-signed-out]", box) ? setTimeout(leave, 2000) : box.remove());
    setTimeout(leave, box.dataset.stay ? Number(box.dataset.stay) : bad ? 12000 : 7000);
  }
  document.addEventListener("toast", (event) => {
    const detail = event.detail || {};
    const field = detail.field && $(`dialog[open] [name="${CSS.escape(detail.field)}"]`);
    if (field) atField(field, detail.text);
    else toast(detail.text || detail.value || "", detail.tone || "", detail.undo || "", detail.open || "");
  });

  // What an open dialog is refused for stands at its field.
  function atField(field, text) {
    for (const old of $$(".error", field.form)) old.remove();
    const said = document.createElement("p");
    said.className = "error";
    said.setAttribute("role", "alert");
    said.textContent = text;
    field.closest(".field").append(said);
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }

  // --- Trouble. What asks again by itself (every few seconds) tells it once, until it works again: the same words of two
  // such askers once, and that one of them works says nothing of the other ---------------------------------
  const SAID = { 403: "You may not do this.", 404: "This is no longer here.", 409: "Somebody else was first. Reload and look again.", 429: "Too many requests at once. Wait a moment and try again." };
  const polls = (element) => element && /every|-tick/.test(element.getAttribute("hx-trigger") || "");
  const failing = new Map(); // what asks by itself, and what was told of it
  function trouble(event, text) {
    const asker = event.detail.elt;
    if (polls(asker)) {
      const told = [...failing].some(([one, said]) => one.isConnected && said === text);
      failing.set(asker, text);
      if (told) return;
    }
    toast(text, "bad");
  }
  document.addEventListener("htmx:responseError", (event) => {
    const request = event.detail.xhr;
    let text = SAID[request.status];
    try { text = JSON.parse(request.responseText).detail || text; } catch { /* not a problem document */ }
    if (polls(event.detail.elt) && !text) text = "Baton does not answer as it should. This page may be old.";
    trouble(event, text || "Something went wrong on our side. Nothing was changed; try again.");
  });
  document.addEventListener("htmx:sendError", (event) => {
    trouble(event, polls(event.detail.elt) ? "No connection. This page is not up to date until it is back." : "No connection. Nothing was changed; try again.");
  });
  // Comes after an error too.
  document.addEventListener("htmx:afterOnLoad", (event) => { if (event.detail.successful) failing.delete(event.detail.elt); });

  // --- What an answer tells the page (a message, news) reaches it also when a poll meanwhile took away what had asked:
  // events at an element that is gone go nowhere.
  const heard = new WeakSet();
  document.addEventListener("htmx:beforeOnLoad", (event) => { heard.add(event.detail.xhr); });
  document.addEventListener("htmx:beforeSend", (event) => {
    const xhr = event.detail.xhr;
    xhr.addEventListener("loadend", () => {
      const said = !heard.has(xhr) && xhr.getResponseHeader("HX-Trigger");
      if (!said) return;
      const events = said.startsWith("{") ? JSON.parse(said) : Object.fromEntries(said.split(",").map((name) => [name.trim(), {}]));
      for (const [name, detail] of Object.entries(events)) document.body.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
    });
  });

  // --- Signed out meanwhile: never put the sign-in page into a corner of this one --------------------------
  function signedOut(xhr) {
    const login = document.body.dataset.login;
    return Boolean(login && xhr && xhr.responseURL && new URL(xhr.responseURL).pathname === login);
  }
  let dialogTold = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!signedOut(event.detail.xhr)) return;
    event.detail.shouldSwap = false;
    const box = $("#signed-out");
    if ($("dialog:modal")) {
      // Over the dialog, which keeps what was typed in it. What asks again by itself says it once.
      if (box.open || (dialogTold && polls(event.detail.elt))) return;
      dialogTold = true;
      box.showModal();
      return;
    }
    if ($(".toast [data-signed-out]")) return;
    const link = $("[data-signed-out]", box).cloneNode(true);
    link.className = "btn";
    link.removeAttribute("target");
    link.href = `${document.body.dataset.login}?next=${encodeURIComponent(location.pathname + location.search)}`;
    toast("You were signed out.", "bad").querySelector("span").after(link);
  });
  // Signing in, here or in another tab, makes a new token; the one in this page would be refused.
  document.addEventListener("htmx:configRequest", (event) => {
    const [, token] = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie) || [];
    if (!token) return;
    event.detail.headers["X-CSRFToken"] = token;
    if (event.detail.parameters.csrfmiddlewaretoken) event.detail.parameters.csrfmiddlewaretoken = token;
  });

  document.addEventListener("DOMContentLoaded", () => { for (const box of $$("[data-toast]")) fade(box); });
  window.baton = { toast, signedOut };
})();
