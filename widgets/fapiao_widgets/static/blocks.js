// Draws the render model's blocks. Every text goes in as a text node: nothing an invoice says can become markup.
function el(tag, attrs, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs || {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined) node.append(child);
  return node;
}

async function copyText(text, button, done) {
  try {
    await navigator.clipboard.writeText(text);
  } catch (refused) { // no clipboard on plain http: select it in a field instead
    const area = el("textarea", { class: "fp-copy" }, text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const label = button.textContent;
  button.textContent = "✓ " + done;
  setTimeout(() => { button.textContent = label; }, 2000);
}

// **words** of a guide stand out; nothing else of Markdown is needed inside a step.
function emphasised(text) {
  return text.split("**").map((part, at) => at % 2 ? el("strong", {}, part) : part);
}

const grouped = (n) => n.toLocaleString("en-US"); // 12,000 in any language of the browser

const draw = {
  text: (b) => el("p", { class: `fp-text fp-tone-${b.tone || "plain"}` },
    b.tone === "warning" ? el("span", { class: "fp-icon", "aria-hidden": "true" }, "! ") : null, b.text),

  facts: (b) => el("dl", { class: "fp-facts" },
    b.rows.map(([label, value]) => [el("dt", {}, label), el("dd", {}, value)])),

  table: (b) => el("div", { class: "fp-table", tabindex: b.rows.length > 12 ? "0" : false, role: "region", "aria-label": b.caption || "" },
    el("table", {},
      b.caption ? el("caption", {}, b.caption) : null,
      el("thead", {}, el("tr", {}, b.columns.map((c) => el("th", { scope: "col", class: c.num ? "fp-num" : false }, c.text)))),
      el("tbody", {}, b.rows.map((row) => el("tr", {},
        row.map((cell, at) => el("td", { class: b.columns[at] && b.columns[at].num ? "fp-num" : false }, cell))))))),

  items: (b) => el("section", { class: b.inline ? "fp-items fp-inline" : "fp-items" }, b.caption ? el("h4", {}, b.caption) : null,
    el("ul", {}, b.items.map((i) => el("li", { class: `fp-tone-${i.tone || "plain"}` },
      el("span", { class: "fp-icon", "aria-hidden": "true" }, i.icon),
      i.word ? el("span", { class: "fp-word" }, i.word) : null,
      el("span", { class: "fp-what" }, el("strong", {}, i.title), i.detail ? el("span", {}, " " + i.detail) : null,
        i.remedy ? el("em", {}, "→ " + i.remedy) : null))))),

  failure: (b, ctx) => el("section", { class: `fp-failure fp-effect-${b.effect}`, role: "alert" },
    el("dl", {}, b.rows.map(([label, value]) => [el("dt", {}, label), el("dd", {}, value)])),
    el("button", { type: "button", class: "fp-button fp-quiet fp-copy-failure",
      onclick: (e) => copyText(b.copy, e.currentTarget, ctx.copied()) }, b.copy_label)),

  guide: (b) => el("aside", { class: "fp-guide" }, el("strong", {}, b.title), " ", emphasised(b.text)),

  progress: (b) => el("div", { class: "fp-progress" },
    el("progress", b.total > 0 ? { max: b.total, value: b.done, "aria-label": b.label } : { "aria-label": b.label }),
    el("span", {}, [b.label, b.total > 0 ? `${grouped(b.done)}/${grouped(b.total)}` : b.done > 0 ? grouped(b.done) : ""].filter(Boolean).join(" · "))),

  lanes: (b) => el("div", { class: "fp-table fp-lanes", tabindex: "0", role: "region", "aria-label": b.caption },
    el("table", {}, el("caption", {}, b.caption),
      el("thead", {}, el("tr", {}, el("th", {}), b.lanes.map(([, name]) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, b.rows.map((row) => el("tr", {}, el("td", { class: "fp-when" }, row.time),
        b.lanes.map(([lane]) => el("td", {}, lane === row.lane
          ? el("details", {}, el("summary", {}, row.text), el("pre", {}, JSON.stringify(row.more, null, 1)))
          : null))))))),

  more: (b, ctx) => el("details", { class: "fp-more" }, el("summary", {}, b.summary), b.blocks.map((inner) => block(inner, ctx))),

  cards: (b, ctx) => el("div", { class: "fp-cards" }, b.cards.map((c) =>
    el("section", { class: "fp-card" }, el("h4", {}, c.title), c.blocks.map((inner) => block(inner, ctx))))),

  links: (b, ctx) => el("p", { class: "fp-links" }, b.links.map(([text, path]) => link(text, path, ctx))),

  form: (b, ctx) => {
    const inputs = b.fields.map((f) => el("input", { id: `fp-${ctx.id}-${f.name}-${ctx.next()}`, name: f.name, class: `fp-in fp-in-${f.name}`,
      type: f.secret ? "password" : "text", autocomplete: f.secret ? "new-password" : "off", spellcheck: "false" }));
    const form = el("form", { class: "fp-form", onsubmit: (event) => event.preventDefault() },
      b.fields.map((f, at) => el("label", { class: "fp-field", for: inputs[at].id }, el("span", {}, f.label, f.hint ? el("small", {}, f.hint) : null), inputs[at])),
      b.note ? el("p", { class: "fp-note" }, b.note) : null,
      el("div", { class: "fp-buttons" }, b.buttons.map((spec) => el("button", { type: "button",
        class: `fp-button fp-${spec.tone} fp-act-${spec.act}`, onclick: () => send(spec) }, spec.label))));
    const send = (spec) => {
      const intent = { do: spec.act, ...spec.payload };
      for (const input of inputs) {
        intent[input.name] = input.value;
        if (input.type === "password") input.value = ""; // gone from the page before anything else happens
      }
      ctx.busy(form);
      ctx.send(intent);
    };
    form.addEventListener("keydown", (event) => { // Enter in a field is the form's first button, as everywhere
      if (event.key !== "Enter" || event.target.tagName !== "INPUT" || event.isComposing) return;
      event.preventDefault();
      const first = form.querySelector("button:not(:disabled)");
      if (first) first.click();
    });
    return form;
  },
};

function block(model, ctx) {
  return (draw[model.kind] || ((b) => el("pre", {}, JSON.stringify(b))))(model, ctx);
}

function link(text, path, ctx) {
  return el("a", { href: ctx.url(path), class: "fp-link", target: "_top", onclick: (event) => ctx.open(event, path) }, text);
}

const which = (input) => `${input.name} ${input.parentNode.textContent}`; // two forms may ask for paths, each for its own

// Keep a child whose model is the same as before, so that focus, selection, open details and typed text survive.
function patch(parent, models, make) {
  const before = new Map([...parent.children].map((node) => [node.fpModel, node]));
  const after = models.map((model) => {
    const key = JSON.stringify(model);
    const node = before.get(key) || make(model);
    before.delete(key);
    node.fpModel = key;
    return node;
  });
  const typed = {}, open = new Set(), all = (node) => [...(node.matches("details") ? [node] : []), ...node.querySelectorAll("details")];
  for (const node of before.values()) {
    for (const input of node.querySelectorAll("input.fp-in")) if (input.type !== "password") typed[which(input)] = input.value;
    for (const each of all(node)) if (each.open) open.add(each.firstChild.textContent);
    node.remove();
  }
  after.forEach((node, at) => { if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] || null); });
  for (const node of after) for (const each of all(node)) if (open.has(each.firstChild.textContent)) each.open = true;
  for (const input of parent.querySelectorAll("input.fp-in")) {
    if (!input.value && input.type !== "password" && typed[which(input)]) input.value = typed[which(input)];
  }
}
