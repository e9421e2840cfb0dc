// The condition builder: rows of facts and deeds over a JSON textarea. The textarea stays the truth; without this
// file it is edited by hand. Text is only ever set with textContent and value, never as HTML.
(() => {
  if (window.batonCondition) return;
  const words = new Map();
  const MAX_GROUPS = 3;
  const MODES = [["all", "all of these hold"], ["any", "any of these holds"], ["none", "none of these holds"], ["notall", "not all of these hold"]];

  const el = (tag, props = {}, ...kids) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
      if (name in node && name !== "list") node[name] = value;
      else node.setAttribute(name, value);
    }
    node.append(...kids);
    return node;
  };

  const choose = (pairs, value, label, change) => {
    const select = el("select", { ariaLabel: label });
    for (const [key, text] of pairs) select.append(el("option", { value: key, textContent: text }));
    if (value !== undefined && ![...select.options].some((one) => one.value === String(value))) {
      select.append(el("option", { value, textContent: String(value) }));
    }
    select.value = value;
    select.addEventListener("change", () => change(select.value));
    return select;
  };

  // --- JSON <-> tree -------------------------------------------------------------------------------------------
  const parse = (node) => {
    if (node.all || node.any) return { mode: node.all ? "all" : "any", parts: (node.all || node.any).map(parse) };
    if (node.not) {
      if (node.not.did) return { ...parse(node.not), never: true };
      if (node.not.all) return { mode: "notall", parts: node.not.all.map(parse) };
      return { mode: "none", parts: (node.not.any || [node.not]).map(parse) };
    }
    if ("did" in node) return { did: node.did, times: node.times || 1, days: node.within_days || "" };
    return { fact: node.fact, op: node.op, value: node.value };
  };

  const write = (node, path) => {
    node.path = path;
    if (node.parts) {
      const word = { all: "all", notall: "all", any: "any", none: "any" }[node.mode];
      const base = word === node.mode ? path : `${path}.not`;
      const parts = [];
      for (const part of node.parts) {
        const made = write(part, `${base}.${word}[${parts.length}]`);
        if (made) parts.push(made);
      }
      if (!parts.length) return null;
      return word === node.mode ? { [word]: parts } : { not: { [word]: parts } };
    }
    if ("did" in node) {
      node.path = node.never ? `${path}.not` : path;
      const made = { did: node.did };
      if (node.times > 1) made.times = node.times;
      if (node.days) made.within_days = node.days;
      return node.never ? { not: made } : made;
    }
    const made = { fact: node.fact, op: node.op };
    if (!["empty", "not_empty"].includes(node.op)) made.value = node.value;
    return made;
  };

  // --- one builder ---------------------------------------------------------------------------------------------
  class Builder {
    constructor(box, vocabulary) {
      this.box = box;
      this.words = vocabulary;
      this.facts = new Map(vocabulary.facts.map((one) => [one.name, one]));
      this.area = box.querySelector("textarea");
      this.rows = box.querySelector("[data-condition-rows]");
      this.said = box.querySelector("[data-condition-said]");
      this.json = box.querySelector("[data-condition-json]");
      this.area.addEventListener("input", () => this.read());
      if (this.read()) {
        this.json.open = this.area.matches("[aria-invalid=true]");
        this.rows.hidden = false;
      }
      if (this.area.value.trim()) this.preview();
    }

    read() {
      let found;
      try {
        const text = this.area.value.trim();
        found = text ? parse(JSON.parse(text)) : { mode: "all", parts: [] };
      } catch {
        this.tell("This is not JSON yet.", true);
        return false;
      }
      this.root = found.parts ? found : { mode: "all", parts: [found] };
      this.draw();
      this.later();
      return true;
    }

    changed(redraw = true) {
      const made = write(this.root, "condition");
      this.area.value = made ? JSON.stringify(made, null, 1) : "";
      this.area.dispatchEvent(new Event("change", { bubbles: true }));
      if (redraw) this.draw();
      this.later();
    }

    later() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.preview(), 350);
    }

    tell(text, wrong = false) {
      this.said.textContent = text;
      this.said.toggleAttribute("data-wrong", wrong);
    }

    async preview() {
      for (const row of this.rows.querySelectorAll("[data-wrong]")) row.removeAttribute("data-wrong");
      if (!this.box.dataset.preview) return;
      const token = (this.area.form?.querySelector("[name=csrfmiddlewaretoken]") || document.querySelector("[name=csrfmiddlewaretoken]"))?.value || "";
      const asked = this.area.value;
      try {
        const reply = await fetch(this.box.dataset.preview, {
          method: "POST",
          headers: { "X-CSRFToken": token },
          body: new URLSearchParams({ condition: asked }),
        });
        const found = await reply.json();
        if (asked !== this.area.value) return;
        // The part that is wrong is marked; its address in the JSON is for those who write JSON.
        this.tell((found.error || found.said).replace(/^condition[^ ]*: /, ""), Boolean(found.error));
        if (found.error) this.mark(found.error.split(":")[0]);
      } catch {
        this.tell("The preview is not available right now.");
      }
    }

    mark(path) {
      for (const row of this.rows.querySelectorAll("[data-path]")) {
        if (path.startsWith(`${row.dataset.path}.`) || path === row.dataset.path) row.setAttribute("data-wrong", "");
      }
    }

    draw() {
      const focused = this.rows.contains(document.activeElement) ? document.activeElement.dataset.at : null;
      write(this.root, "condition");
      this.rows.replaceChildren(this.group(this.root, null, 1));
      if (focused) this.rows.querySelector(`[data-at="${CSS.escape(focused)}"]`)?.focus();
    }

    remove(parent, node, label) {
      const button = el("button", { type: "button", className: "btn condition-remove", textContent: "×", ariaLabel: label, title: label });
      button.addEventListener("click", () => { parent.parts.splice(parent.parts.indexOf(node), 1); this.changed(); });
      return button;
    }

    add(group, text, make) {
      const button = el("button", { type: "button", className: "btn", textContent: text });
      button.addEventListener("click", () => {
        group.parts.push(make());
        this.changed();
        const rows = this.rows.querySelectorAll("select");
        rows[rows.length - 1]?.focus();
      });
      return button;
    }

    group(group, parent, depth) {
      const list = el("ul", { className: "condition-list" });
      for (const part of group.parts) {
        const item = el("li", { className: part.parts ? "condition-item nested" : "condition-item" });
        if (part.parts) item.append(this.group(part, group, depth + 1));
        else {
          item.dataset.path = part.path;
          item.append(...("did" in part ? this.deed(part) : this.fact(part)), this.remove(group, part, "Remove this part"));
        }
        list.append(item);
      }
      const head = el("div", { className: "condition-head" });
      const mode = choose(MODES, group.mode, "How the parts go together", (value) => { group.mode = value; this.changed(); });
      mode.dataset.at = `${group.path}:mode`;
      if (group.parts.length || parent) head.append(mode);
      else head.append(el("span", { className: "muted", textContent: "Everybody. Add a part to narrow it down." }));
      if (parent) head.append(this.remove(parent, group, "Remove this group"));
      const foot = el("div", { className: "condition-add" }, this.add(group, "+ Fact", () => ({ fact: "company.employees", op: ">=", value: 50 })));
      if (!("factsOnly" in this.box.dataset)) foot.append(this.add(group, "+ What they did", () => ({ did: "pricing_viewed", times: 1, days: 30 })));
      if (depth < MAX_GROUPS) foot.append(this.add(group, "+ Group", () => ({ mode: group.mode === "any" ? "all" : "any", parts: [{ fact: "lead.source", op: "is", value: "" }] })));
      return el("div", { className: "condition-group", role: "group" }, head, list, foot);
    }

    deed(node) {
      const kinds = this.words.deeds.map((one) => [one.kind, one.label]);
      const never = choose([["", "did"], ["1", "did not"]], node.never ? "1" : "", "Did or did not", (value) => { node.never = Boolean(value); this.changed(); });
      const kind = choose(kinds, node.did, "What they did", (value) => { node.did = value; this.changed(); });
      const times = this.number(node.times, "Times", 1, 1000, (value) => { node.times = value || 1; });
      const days = this.number(node.days, "Within days, empty for ever", 1, 3650, (value) => { node.days = value; });
      [never, kind, times, days].forEach((one, index) => { one.dataset.at = `${node.path}:${index}`; });
      return [never, kind, times, el("span", { textContent: "times within" }), days, el("span", { textContent: "days" })];
    }

    number(value, label, min, max, change, step = "1") {
      const input = el("input", { type: "number", ariaLabel: label, value: value ?? "", step });
      if (min !== undefined) input.min = min;
      if (max !== undefined) input.max = max;
      input.addEventListener("input", () => {
        change(input.value === "" ? "" : Number(input.value));
        this.changed(false);
      });
      return input;
    }

    fact(node) {
      const fact = this.facts.get(node.fact) || { name: node.fact, label: node.fact, type: "text" };
      const ops = this.words.ops[fact.type] || this.words.ops.text;
      const select = el("select", { ariaLabel: "Fact" });
      for (const group of new Set(this.words.facts.map((one) => one.group))) {
        const part = el("optgroup", { label: group });
        for (const one of this.words.facts) if (one.group === group) part.append(el("option", { value: one.name, textContent: one.label }));
        select.append(part);
      }
      if (!this.facts.has(node.fact)) select.append(el("option", { value: node.fact, textContent: node.fact }));
      select.value = node.fact;
      select.addEventListener("change", () => {
        const next = this.facts.get(select.value);
        node.fact = select.value;
        if (!next || next.type !== fact.type) {
          node.op = Object.keys(this.words.ops[next?.type] || this.words.ops.text)[0];
          node.value = { number: 0, days: 30, bool: true }[next?.type] ?? "";
        }
        this.changed();
      });
      const op = choose(Object.entries(ops), node.op, "Comparison", (value) => {
        node.value = this.refit(node.value, value, fact.type);
        node.op = value;
        this.changed();
      });
      const controls = [select, op, ...this.value(node, fact)];
      controls.forEach((one, index) => { one.dataset.at = `${node.path}:${index}`; });
      return controls;
    }

    refit(value, op, type) {
      const one = Array.isArray(value) ? value[0] : value;
      if (["in", "not_in"].includes(op)) return one === undefined || one === "" ? [] : [String(one)];
      if (op === "between") return [Number(one) || 0, Number(one) || 0];
      if (one === undefined) return type === "text" ? "" : 0;
      return one;
    }

    value(node, fact) {
      if (["empty", "not_empty"].includes(node.op)) return [];
      if (fact.type === "bool") {
        return [choose([["true", "yes"], ["false", "no"]], String(node.value), "Value", (value) => { node.value = value === "true"; this.changed(); })];
      }
      if (node.op === "between") {
        const pair = Array.isArray(node.value) ? node.value : [0, 0];
        node.value = pair;
        return ["From", "To"].map((label, end) => this.number(pair[end], label, undefined, undefined, (value) => { pair[end] = value; }, "any"));
      }
      if (fact.type !== "text") return [this.number(node.value, fact.type === "days" ? "Days" : "Value", undefined, undefined, (value) => { node.value = value; }, "any")];
      const known = fact.choices?.length ? fact.choices : this.words.values[fact.name] || [];
      const many = ["in", "not_in"].includes(node.op);
      if (known.length && ["is", "is_not"].includes(node.op)) {
        const pairs = [["", "choose"], ...known.map((one) => [one.value, one.label])];
        return [choose(pairs, node.value ?? "", "Value", (value) => { node.value = value; this.changed(); })];
      }
      const shown = many && Array.isArray(node.value) ? node.value.join(", ") : node.value ?? "";
      const input = el("input", { type: "text", ariaLabel: many ? "Values, with commas between" : "Value", value: shown, maxLength: many ? 2000 : 200 });
      if (many) input.placeholder = "one, another";
      input.addEventListener("input", () => {
        node.value = many ? input.value.split(",").map((one) => one.trim()).filter(Boolean) : input.value;
        this.changed(false);
      });
      return [input];
    }
  }

  const start = async (root) => {
    const boxes = [...(root.matches?.("[data-condition]") ? [root] : []), ...root.querySelectorAll("[data-condition]")];
    for (const box of boxes) {
      if (box.conditionBuilder) continue;
      box.conditionBuilder = true;
      const url = box.dataset.words;
      try {
        if (!words.has(url)) words.set(url, fetch(url).then((reply) => (reply.ok ? reply.json() : Promise.reject(reply.status))));
        box.conditionBuilder = new Builder(box, await words.get(url));
      } catch (error) {
        words.delete(url); // the textarea still works
      }
    }
  };

  window.batonCondition = { start };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => start(document));
  else start(document);
  document.addEventListener("htmx:load", (event) => start(event.target));
})();
