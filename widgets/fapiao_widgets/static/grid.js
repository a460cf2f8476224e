// The paged grid. Rows come in blocks and are asked for one at a time; only what is in sight is in the document. Every value is a
// text node, written by the kernel: nothing here computes with an amount.
const ROW = 24, BLOCK = 100, KEEP = 80, SLOW = 6000, ALIVE = 5000;
const CAP = 8_000_000; // px: browsers cut an element's height at some ten million; beyond this the scrollbar is scaled
let grids = 0;

function render({ model, el: host }) {
  const words = model.get("words");
  const me = `${++grids}-${Math.random().toString(36).slice(2)}`;
  let round = 0, ids = 0, total = null, columns = [], heads = [], blocks = new Map(), facets = new Map(), dated = new Set();
  let typed = {}, picked = [], sort = [], first = 0, set = -1, row = 0, col = 0, done = false, totalled = false, told = 0;
  const lanes = { page: null, rest: null };

  const button = (label, act, kind = "second") => el("button", { type: "button", class: `fp-button fp-${kind}`, onclick: act }, label);
  const root = el("div", { class: "fp-wizard fp-g", lang: words.lang });
  const title = el("h3", { class: "fp-g-title" }, model.get("name"));
  const sentence = el("p", { class: "fp-g-sentence", role: "status", "aria-live": "polite" }, words.loading);
  const states = model.get("states") || [];
  const scope = el("select", { class: "fp-g-scope", "aria-label": words.scope }, states.map(([value, label]) => el("option", { value }, label)));
  scope.addEventListener("change", () => begin());
  scope.addEventListener("keydown", (e) => e.stopPropagation()); // its arrows are its own, not the notebook's
  const chips = el("div", { class: "fp-g-chips" });
  const notice = el("div", { class: "fp-g-notice", role: "alert", hidden: true });
  const scroller = el("div", { class: "fp-g-scroll" });
  const sheet = el("div", { class: "fp-g-sheet" }), pin = el("div", { class: "fp-g-pin", role: "grid", tabindex: "0", "aria-label": model.get("name"), "aria-describedby": `${me}-keys` });
  const headRow = el("div", { class: "fp-g-head", role: "row", "aria-rowindex": "1" });
  const body = el("div", { class: "fp-g-body", role: "rowgroup" });
  const empty = el("div", { class: "fp-g-empty", hidden: true });
  const foot = el("div", { class: "fp-g-sums" });
  const exportWord = el("span", { class: "fp-g-export" });
  const exportDone = el("p", { class: "fp-g-exported", role: "status", "aria-live": "polite" });
  const exports = ["xlsx", "csv", "parquet"].map((format) => {
    const made = button({ xlsx: "xlsx", csv: "CSV", parquet: "Parquet" }[format], () => exported(format));
    made.dataset.format = format;
    return made;
  });
  const stop = button(words.stop, () => model.send({ stop: true }));
  const far = el("span", { class: "fp-g-far" });
  stop.hidden = true;
  const sql = el("pre", { class: "fp-g-sql", tabindex: "0", "aria-label": words.sql });
  const copy = button(words.copy, (e) => copyText(sql.textContent, e.currentTarget, words.copied), "quiet");
  const query = el("div", { class: "fp-g-query" }, el("span", { class: "fp-g-query-word" }, words.sql), sql, copy);
  const keys = el("p", { class: "fp-live", id: `${me}-keys` }, words.keys);
  pin.append(headRow, body, foot);
  sheet.append(pin);
  scroller.append(sheet, empty);
  root.append(el("div", { class: "fp-g-top" }, title, states.length > 1 ? scope : null, chips, sentence), notice, scroller,
    el("div", { class: "fp-g-bottom" }, el("div", { class: "fp-g-exports" }, exportWord, exports, stop, far), exportDone,
      query), keys);
  host.append(root);

  // --- asking: one page and one other question under way at most; an answer to an older round is dropped
  const send = (lane, ask) => {
    lanes[lane] = { ...ask, id: ++ids, round };
    lanes[lane].slow = setTimeout(() => say(words.slow, null, "slow"), SLOW);
    model.send({ ...ask, id: ids, to: me, view: { typed, picked, sort, state: scope.value } });
  };
  const wanted = () => {
    const from = Math.floor(first / BLOCK), to = Math.floor(Math.max(0, Math.min(first + seen(), (total ?? 1) - 1)) / BLOCK);
    for (let at = from; at <= to; at++) if (!blocks.has(at) && (total === null || at * BLOCK < Math.max(total, 1))) return at;
    return null;
  };
  const narrowed = () => picked.length > 0 || Object.keys(typed).length > 0;
  const next = () => {
    if (!lanes.page) {
      const at = wanted();
      if (at !== null) send("page", { ask: "page", offset: at * BLOCK, limit: BLOCK, block: at });
    }
    if (!lanes.rest && columns.length && !lanes.page) {
      if (!totalled) send("rest", { ask: "totals" });
      else if (total || narrowed()) {
        const head = heads.find((h) => h.column.faceted && !dated.has(h.column.name) && inSight(h.node))
          || heads.find((h) => h.column.faceted && !dated.has(h.column.name));
        if (head) send("rest", { ask: "facet", column: head.column.name });
      }
    }
  };
  const inSight = (node) => node.offsetLeft < scroller.scrollLeft + scroller.clientWidth && node.offsetLeft + node.offsetWidth > scroller.scrollLeft;
  const heard = (message) => {
    if (message && message.changed) { say(words.changed, [words.reload, reload], "changed"); return; }
    if (message && message.far) { if (!stop.hidden) far.textContent = message.far; return; }
    if (message && "trouble" in message) { if (message.trouble) say(message.trouble, null, "trouble"); else quiet("trouble"); return; }
    if (!message || message.to !== me) return;
    const lane = message.ask === "page" ? "page" : "rest", asked = lanes[lane];
    if (!asked || asked.id !== message.id) return;
    clearTimeout(asked.slow);
    quiet("slow");
    lanes[lane] = null;
    if (message.ask === "export") finished(message);
    else if (asked.round === round) {
      if (message.outdated) say(words.changed, [words.reload, reload], "changed");
      else if (message.failure) failed(message);
      else { quiet("failure"); ({ page: tookPage, totals: tookTotals, facet: tookFacet })[message.ask](message, asked); }
    }
    if (!(message.failure || message.outdated) || asked.round !== round) next();
  };
  const begin = () => { // a new view: nothing of the old one may be taken for it
    if ([notice, chips, empty].some((part) => part.contains(document.activeElement))) pin.focus({ preventScroll: true }); // its button goes
    round++;
    if (lanes.page) clearTimeout(lanes.page.slow);
    lanes.page = null;
    if (lanes.rest && lanes.rest.ask !== "export") { clearTimeout(lanes.rest.slow); lanes.rest = null; }
    blocks = new Map(); dated = new Set(); total = null; totalled = false; done = false; row = 0;
    goto(0);
    sentence.textContent = words.loading;
    root.setAttribute("aria-busy", "true");
    drawChips(); draw(); next();
  };
  const reload = () => { begin(); quiet("changed"); };

  // --- answers
  const tookPage = (message, asked) => {
    const names = (list) => list.map((c) => c.name).join("\n");
    if (names(message.columns) !== names(columns)) { columns = message.columns; build(); }
    blocks.set(asked.block, message);
    fit(message.rows, 1);
    while (blocks.size > KEEP) blocks.delete(blocks.keys().next().value);
    if (message.end) total = asked.offset + message.rows.length;
    else if (total === null) total = asked.offset + message.rows.length;
    done = true;
    sql.textContent = message.sql;
    query.hidden = !message.sql;
    for (const head of heads) {
      const wrong = message.wrong[head.column.name] || "";
      head.input.setAttribute("aria-invalid", wrong ? "true" : "false");
      head.input.title = wrong || head.column.place;
    }
    const wrong = Object.values(message.wrong);
    if (wrong.length) say(wrong.join("；"), null, "wrong"); else quiet("wrong");
    size(); draw();
  };
  const tookTotals = (message) => {
    totalled = true;
    total = message.count;
    sentence.textContent = message.sentence;
    exportWord.textContent = message.export;
    root.setAttribute("aria-busy", "false");
    fit([columns.map((c) => message.sums[c.name] || "")], 1.1);
    foot.replaceChildren(...columns.map((c, at) => {
      const cell = el("div", { class: `fp-g-td${c.num ? " fp-num" : ""}` }, message.sums[c.name] || "");
      cell.style.width = `${widths[at]}px`;
      return cell;
    }));
    if (!low && !narrowed()) shrink();
    if (!total && !narrowed()) for (const head of heads) head.summary.replaceChildren(); // there is nothing to sum up
    if (foot.firstChild && !foot.firstChild.textContent) foot.firstChild.textContent = words.sum;
    size(); draw();
  };
  const tookFacet = (message) => {
    dated.add(message.column);
    const head = heads.find((h) => h.column.name === message.column);
    facets.set(message.column, message);
    if (head) drawSummary(head, message, ctx);
  };
  const failed = (message) => {
    const shown = failureCard(message.failure);
    root.setAttribute("aria-busy", "false");
    sentence.textContent = message.failure.rows[0][1];
    say("", [words.retry, () => { begin(); quiet("failure"); }], "failure", shown);
  };
  const failureCard = (failure) => block(failure, { copied: () => words.copied });

  // --- notices: the gravest one is shown
  const said = new Map();
  const say = (text, act, kind, block) => { said.set(kind, { text, act, block }); drawNotice(); };
  const quiet = (kind) => { if (said.delete(kind)) drawNotice(); };
  const drawNotice = () => {
    const kind = ["failure", "changed", "wrong", "trouble", "slow"].find((k) => said.has(k));
    notice.hidden = !kind;
    if (!kind) { notice.replaceChildren(); return; }
    const { text, act, block } = said.get(kind);
    notice.className = `fp-g-notice fp-g-notice-${kind}`;
    notice.replaceChildren(...[block, text ? el("span", {}, "! " + text) : null, act ? button(act[0], act[1]) : null].filter(Boolean));
  };

  // --- what a person does
  const ctx = {
    words,
    sort: (name) => {
      const now = sort[0] && sort[0].column === name ? sort[0] : null;
      sort = !now ? [{ column: name, descending: false }] : now.descending ? [] : [{ column: name, descending: true }];
      for (const head of heads) {
        const s = sort[0] && sort[0].column === head.column.name ? (sort[0].descending ? "descending" : "ascending") : "none";
        head.node.setAttribute("aria-sort", s);
      }
      begin();
    },
    type: (name, text) => {
      if ((typed[name] || "") === text.trim()) return;
      typed = { ...typed, [name]: text.trim() };
      if (!text.trim()) delete typed[name];
      begin();
    },
    isPicked: (name, part) => picked.some((p) => p.column === name && JSON.stringify(p.filters) === JSON.stringify(part.filters)),
    pick: (column, part) => {
      const held = ctx.isPicked(column.name, part);
      picked = picked.filter((p) => p.column !== column.name);
      if (!held) picked = [...picked, { column: column.name, label: `${column.label} ${part.label}`, filters: part.filters }];
      const own = facets.get(column.name); // its own summary stands: only what is pressed changes
      if (own) drawSummary(heads.find((h) => h.column.name === column.name), own, ctx);
      begin();
    },
    roam: (e, selector, within = headRow) => { // one stop for Tab, arrows inside
      const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
      if (!step) return;
      const all = [...within.querySelectorAll(selector)], to = all[all.indexOf(e.currentTarget) + step];
      e.preventDefault(); e.stopPropagation();
      if (!to) return;
      for (const each of all) each.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
      to.scrollIntoView({ block: "nearest", inline: "nearest" });
    },
  };
  const clear = () => {
    typed = {}; picked = [];
    for (const head of heads) head.input.value = "";
    for (const head of heads) if (facets.has(head.column.name)) drawSummary(head, facets.get(head.column.name), ctx);
    begin();
  };
  const exported = (format) => {
    if (lanes.rest && lanes.rest.ask === "export") return;
    if (lanes.rest) clearTimeout(lanes.rest.slow); // its answer is dropped, and asked for again afterwards
    send("rest", { ask: "export", format });
    clearTimeout(lanes.rest.slow); // an export takes what it takes
    for (const each of exports) each.setAttribute("aria-disabled", "true"); // not disabled: the focus would be lost
    stop.hidden = !model.get("stops");
    exportDone.textContent = words.exporting.replace("%s", format);
  };
  const finished = (message) => {
    for (const each of exports) each.removeAttribute("aria-disabled");
    if (document.activeElement === stop) exports[0].focus();
    stop.hidden = true;
    far.textContent = "";
    exportDone.textContent = message.exported ? "✓ " + message.exported : "✕ " + (message.problem || [0, 2].map((at) => message.failure.rows[at][1]).join(" "));
    exportDone.title = message.path || "";
  };

  // --- drawing
  // Columns begin as narrow as their heads and grow with what they are seen to hold; a text no wider than its column's own width,
  // an amount as wide as it is.
  let widths = [];
  const broad = (text) => 16 + [...text].reduce((sum, c) => sum + (c > "\u2e80" ? 13.4 : 8.4), 0);
  const fit = (rows, bold) => {
    let grown = false;
    columns.forEach((c, at) => {
      const most = c.num ? 400 : c.width, wide = Math.ceil(rows.reduce((max, r) => Math.max(max, broad(r[at]) * bold), 0));
      if (Math.min(wide, most) > widths[at]) { widths[at] = Math.min(wide, most); grown = true; }
    });
    if (grown) laid();
  };
  const laid = () => {
    sheet.style.width = `${widths.reduce((sum, w) => sum + w, 0)}px`;
    for (const line of [headRow, foot, ...body.children]) [...line.children].forEach((cell, at) => { cell.style.width = `${widths[at]}px`; });
  };
  const build = () => {
    widths = columns.map((c) => Math.ceil(Math.max(c.num ? 96 : 68, broad(c.label) + (c.fixed ? 0 : 16), broad(c.place))));
    heads = gridHead(columns, ctx);
    headRow.replaceChildren(...heads.map((h) => h.node));
    for (const head of heads) head.input.value = typed[head.column.name] || "";
    pin.setAttribute("aria-colcount", columns.length);
    body.replaceChildren();
    foot.replaceChildren();
    laid();
  };
  const drawChips = () => {
    chips.replaceChildren(...picked.map((p) => el("button", { type: "button", class: "fp-g-chip", "aria-label": words.picked.replace("%s", p.label),
      onclick: () => ctx.pick({ name: p.column, label: "" }, p) }, p.label, el("span", { "aria-hidden": "true" }, " ✕"))),
      ...(narrowed() ? [button(words.clear, clear, "quiet")] : []));
  };
  const seen = () => Math.max(1, Math.floor(body.clientHeight / ROW));
  const last = () => Math.max(0, (total || 0) - body.clientHeight / ROW);
  const size = () => {
    if (!scroller.clientHeight) return;
    const rows = Math.min((total || 0) * ROW, CAP);
    sheet.style.height = `${rows + pin.clientHeight - body.clientHeight}px`;
    pin.style.height = `${scroller.clientHeight}px`;
    pin.setAttribute("aria-rowcount", (total ?? -1) + (total === null ? 0 : 1));
    goto(first);
  };
  let low = false; // a result of few rows is no taller than they are; what is filtered later keeps that height
  const shrink = () => {
    low = true;
    const need = pin.clientHeight - body.clientHeight + Math.max(total, 4) * ROW + 18;
    if (body.clientHeight && need < scroller.clientHeight) scroller.style.height = `${need}px`;
  };
  const reach = () => scroller.scrollHeight - scroller.clientHeight;
  const scaled = () => (total || 0) * ROW > CAP;
  const goto = (at) => {
    first = Math.max(0, Math.min(at, last()));
    const top = last() ? first / last() * reach() : 0;
    set = Math.round(top);
    if (Math.abs(scroller.scrollTop - set) > 1) scroller.scrollTop = set;
  };
  const draw = () => {
    root.classList.toggle("fp-g-waiting", !done);
    if (!body.clientHeight) return; // out of sight (a hidden tab, a theme being changed): drawn when it is seen again
    if (!done && total === null) return; // what was seen stays, greyed, until the first page of the new view is there
    const top = Math.floor(first), many = total === null ? 0 : Math.min(Math.ceil(body.clientHeight / ROW) + 1, total - top);
    while (body.children.length > Math.max(0, many)) body.lastChild.remove();
    while (body.children.length < many) {
      body.append(el("div", { class: "fp-g-row", role: "row" }, columns.map((c, at) => {
        const cell = el("div", { class: `fp-g-td${c.num ? " fp-num" : ""}`, role: "gridcell", "aria-colindex": at + 1 });
        cell.style.width = `${widths[at]}px`;
        return cell;
      })));
    }
    for (let n = 0; n < many; n++) {
      const at = top + n, block = blocks.get(Math.floor(at / BLOCK)), values = block && block.rows[at % BLOCK], line = body.children[n];
      line.style.transform = `translateY(${Math.round((at - first) * ROW)}px)`;
      line.setAttribute("aria-rowindex", at + 2);
      line.classList.toggle("fp-g-void", Boolean(block && block.voids.includes(at % BLOCK)));
      line.classList.toggle("fp-g-odd", at % 2 === 1);
      for (let c = 0; c < columns.length; c++) {
        const cell = line.children[c], text = values ? values[c] : "…", here = at === row && c === col;
        if (cell.textContent !== text) { cell.textContent = text; cell.title = text; }
        if (cell.classList.contains("fp-g-here") !== here) cell.classList.toggle("fp-g-here", here);
        if (here) cell.id = `${me}-here`; else if (cell.id) cell.removeAttribute("id");
      }
    }
    if (many > 0) pin.setAttribute("aria-activedescendant", `${me}-here`); else pin.removeAttribute("aria-activedescendant");
    const none = done && total === 0;
    empty.hidden = !none;
    if (none) {
      [empty.style.left, empty.style.right] = [`${scroller.scrollLeft}px`, `${-scroller.scrollLeft}px`]; // in sight, however far to the right
      empty.replaceChildren(el("p", {}, narrowed() ? model.get("none") : model.get("nothing")), ...(narrowed() ? [button(words.clear, clear)] : []));
    }
  };

  let frame = 0;
  const later = () => { if (!frame) frame = requestAnimationFrame(() => { frame = 0; draw(); next(); }); };
  scroller.addEventListener("scroll", () => {
    if (body.clientHeight && Math.abs(scroller.scrollTop - set) > 1) {
      set = scroller.scrollTop;
      first = reach() > 0 ? scroller.scrollTop / reach() * last() : 0;
    }
    later();
  });
  scroller.addEventListener("wheel", (e) => { // where the bar is scaled, a turn of the wheel still moves by rows
    if (!scaled() || e.ctrlKey || !e.deltaY) return;
    const before = first;
    goto(first + e.deltaY / (e.deltaMode === 1 ? 1 : ROW));
    if (first !== before) { e.preventDefault(); later(); }
  }, { passive: false });
  pin.addEventListener("keydown", (e) => {
    if (e.target !== pin) return; // a head's button or a filter has keys of its own
    const page = seen(), end = Math.max(0, (total || 1) - 1), far = e.ctrlKey || e.metaKey;
    if (far && e.key.toLowerCase() === "c" && String(window.getSelection()) === "") {
      const here = body.querySelector(".fp-g-here");
      if (here) { e.preventDefault(); e.stopPropagation(); copyText(here.textContent, keys, words.keys); }
      return;
    }
    const to = { ArrowDown: [row + 1, col], ArrowUp: [row - 1, col], ArrowRight: [row, col + 1], ArrowLeft: [row, col - 1],
      PageDown: [row + page, col], PageUp: [row - page, col], Home: far ? [0, 0] : [row, 0], End: far ? [end, columns.length - 1] : [row, columns.length - 1] }[e.key];
    if (!to || e.altKey) return;
    e.preventDefault();
    e.stopPropagation(); // the notebook would move its own selection
    move(...to);
  });
  const move = (r, c) => {
    row = Math.max(0, Math.min(r, Math.max(0, (total || 1) - 1)));
    col = Math.max(0, Math.min(c, columns.length - 1));
    if (row < first) goto(row);
    else if (row + 1 > first + body.clientHeight / ROW) goto(row + 1 - body.clientHeight / ROW);
    draw(); next();
    const here = body.querySelector(".fp-g-here");
    if (here) {
      if (here.offsetLeft < scroller.scrollLeft) scroller.scrollLeft = here.offsetLeft;
      else if (here.offsetLeft + here.offsetWidth > scroller.scrollLeft + scroller.clientWidth) scroller.scrollLeft = here.offsetLeft + here.offsetWidth - scroller.clientWidth;
    }
  };
  body.addEventListener("mousedown", (e) => {
    const cell = e.target.closest(".fp-g-td");
    if (cell) move(Math.floor(first) + [...body.children].indexOf(cell.parentNode), [...cell.parentNode.children].indexOf(cell));
  });
  pin.addEventListener("scroll", () => { pin.scrollTop = 0; pin.scrollLeft = 0; }); // focus may not push the head out of sight

  const alive = () => {
    if (document.visibilityState === "hidden") return;
    told = performance.now();
    try { model.send({ alive: true }); } catch (gone) { /* the comm is closed: the slow note shows it */ }
  };
  const clock = setInterval(() => { if (performance.now() - told > ALIVE) alive(); }, 1000);
  const watch = new ResizeObserver(() => { size(); later(); });
  for (const each of [scroller, body]) watch.observe(each);
  model.on("msg:custom", heard);
  alive();
  begin();
  return () => {
    clearInterval(clock);
    watch.disconnect();
    for (const lane of Object.values(lanes)) if (lane) clearTimeout(lane.slow);
    model.off("msg:custom", heard);
  };
}

export default { render };
