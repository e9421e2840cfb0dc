// News on every page: the bell asks "has it changed?" every second while somebody looks, tells what is new at the corner, in
// the title and, for who wants it, with a sound.
(() => {
  "use strict";
  const bell = () => document.querySelector("#bell[data-live]");
  const SECOND = 1000;
  const SHOWN = 3;

  // --- The pace: every second in front, rarely behind; a server that answers slowly is asked less often -----
  let took = []; // of the last three requests; the quickest counts, one slow answer is no slow server
  let asked = 0;
  let away = false; // signed out: somebody will sign in again, or nobody is there
  let timer = null;
  function next() {
    clearTimeout(timer);
    const wait = document.hidden || away ? 15 * SECOND : Math.min(5 * SECOND, Math.max(SECOND, 5 * Math.min(...took)));
    timer = setTimeout(tick, wait * (0.9 + Math.random() * 0.1));
  }
  function tick() {
    if (bell()) htmx.trigger(bell(), "bell-tick");
    next(); // whatever becomes of this one
  }
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt !== bell()) return;
    asked = performance.now();
    const shown = bell().querySelector("[data-bell-version]");
    const why = event.detail.triggeringEvent && event.detail.triggeringEvent.type;
    if (shown && why === "bell-tick") event.detail.parameters.v = shown.dataset.bellVersion;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== bell()) return;
    away = window.baton.signedOut(event.detail.xhr);
    took = [...took, event.detail.successful ? performance.now() - asked : SECOND].slice(-3);
    next();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
  document.addEventListener("queue-new", tick); // the queue saw it first
  document.addEventListener("DOMContentLoaded", () => { if (bell()) next(); });

  // --- In the title: how many are unread ------------------------------------------------------------------
  const plain = () => document.title.replace(/^\(\d+\+?\) /, "");
  document.addEventListener("htmx:afterSettle", (event) => {
    const shown = event.detail.target === bell() && bell().querySelector("[data-unread]");
    if (!shown) return;
    const unread = Number(shown.dataset.unread);
    document.title = unread ? `(${unread > 99 ? "99+" : unread}) ${plain()}` : plain();
    const news = bell().querySelector("[data-news]");
    if (news) tell(JSON.parse(news.dataset.news));
  });

  // --- At the corner: each piece of news once in this browser, whatever page it came on ---------------------
  // Those of the news that are not in this memory yet; from now on they are.
  function fresh(name, found) {
    let known = [];
    try { known = JSON.parse(localStorage.getItem(name)) || []; } catch { /* none */ }
    const items = found.filter((one) => !known.includes(one.pk));
    const kept = [...known, ...items.map((one) => one.pk)].slice(-100);
    try { if (items.length) localStorage.setItem(name, JSON.stringify(kept)); } catch { /* not kept: told again */ }
    return items;
  }
  function tell(found) {
    // Heard also when the page is behind: that is what a sound is for.
    const rings = fresh("baton.rung", found).some((one) => one.kind === "handoff");
    if (rings && "sound" in document.body.dataset) beep();
    if (document.hidden) return; // nobody sees it; the title says so
    const items = fresh("baton.told", found);
    if (!items.length) return;
    for (const one of items.slice(0, SHOWN)) {
      const box = window.baton.toast(one.body ? `${one.title}. ${one.body}` : one.title, "news", "", one.url);
      const open = box.querySelector("a");
      if (open) open.addEventListener("click", () => read(one.pk));
    }
    if (items.length > SHOWN) window.baton.toast("And more, in the bell.", "news", "", bell().querySelector("a").getAttribute("href"));
    if (items.some((one) => one.kind === "handoff")) document.body.dispatchEvent(new CustomEvent("handoff-changed", { bubbles: true }));
  }
  // Opened from here it needs no reading in the bell. It outlives the page that is left.
  function read(pk) {
    const headers = JSON.parse(document.body.getAttribute("hx-headers"));
    const body = new URLSearchParams({ pk });
    fetch(bell().querySelector("[data-read]").dataset.read, { method: "POST", keepalive: true, redirect: "manual", headers, body });
  }
  function beep() {
    const context = new AudioContext();
    const tone = context.createOscillator();
    const gain = context.createGain();
    gain.gain.value = 0.05;
    tone.frequency.value = 660;
    tone.addEventListener("ended", () => context.close()); // a browser has few of them
    tone.connect(gain).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 0.18);
  }
})();
