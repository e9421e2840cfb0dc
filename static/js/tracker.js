/* Baton's tracker. Put it on your own pages:
     <script src="https://baton.example.com/t/baton.js" defer></script>
   It keeps one first-party cookie (baton_v, a random token), notes page views with UTM and referrer, and fills the
   hidden fields of forms that post to Baton. With data-consent="required" it waits until your page calls baton.allow(). */
(function () {
  "use strict";
  const me = document.currentScript;
  if (!me || window.baton) return;
  const home = new URL(me.src).origin;
  const query = new URLSearchParams(location.search);
  const shape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  let allowed = me.dataset.consent !== "required";
  let token = "";

  function random() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  function identify() {
    const found = document.cookie.match(/(?:^|; )baton_v=([0-9a-f-]{36})/);
    const given = query.get("baton_v") || "";
    token = (found && found[1]) || (shape.test(given) ? given : random());
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = "baton_v=" + token + "; Max-Age=34128000; Path=/; SameSite=Lax" + secure;
    if (given) {
      query.delete("baton_v");
      const rest = query.toString();
      history.replaceState(history.state, "", location.pathname + (rest ? "?" + rest : "") + location.hash);
    }
  }

  function send(kind, more) {
    if (!allowed) return;
    const event = Object.assign({}, more, {
      visitor: token, id: random(), kind: kind, url: location.href, title: document.title, referrer: document.referrer,
    });
    const body = JSON.stringify(event);
    if (!(navigator.sendBeacon && navigator.sendBeacon(home + "/t/hit", new Blob([body], { type: "text/plain" })))) {
      fetch(home + "/t/hit", { method: "POST", body: body, keepalive: true, mode: "no-cors", credentials: "omit" });
    }
  }

  function fill() {
    for (const form of document.forms) {
      if (!new URL(form.action, location.href).href.startsWith(home + "/f/")) continue;
      const values = { visitor: token, referrer: document.referrer, landing_page: location.href };
      for (const name of ["source", "medium", "campaign", "term", "content"]) {
        values["utm_" + name] = query.get("utm_" + name) || "";
      }
      for (const [name, value] of Object.entries(values)) {
        let input = form.querySelector('input[type="hidden"][name="' + name + '"]');
        if (!input) {
          input = document.createElement("input");
          input.type = "hidden";
          input.name = name;
          form.append(input);
        }
        if (!input.value) input.value = value;
      }
    }
  }

  function begin() {
    identify();
    fill();
    if (me.dataset.pageview !== "off") send("page_viewed");
  }

  window.baton = {
    allow: function () { if (!allowed) { allowed = true; begin(); } },
    track: send,
  };
  if (allowed) begin();
})();
