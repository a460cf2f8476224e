// The grid's head: sort buttons, a summary in each column (values met most, or a histogram), and what is typed to filter by.
const FILTER_QUIET = 350; // ms without a key before what is typed is asked for

function gridHead(columns, ctx) {
  const cell = (column, at) => {
    const sort = el("button", { type: "button", class: "fp-g-sort", tabindex: at ? "-1" : "0", title: `${column.hint} · ${ctx.words.sort}`,
      onclick: () => ctx.sort(column.name) },
      el("span", { class: "fp-g-name" }, column.label), column.fixed ? null : el("span", { class: "fp-g-arrow", "aria-hidden": "true" }));
    sort.addEventListener("keydown", (e) => ctx.roam(e, ".fp-g-sort"));
    const summary = el("div", { class: "fp-g-summary", role: "group", "aria-label": `${column.label} ${ctx.words.summary}` });
    const input = el("input", { class: "fp-g-filter", type: "text", placeholder: column.place, spellcheck: "false", autocomplete: "off",
      "aria-label": ctx.words.filter.replace("%s", column.label) });
    let waiting = 0;
    const say = () => { clearTimeout(waiting); ctx.type(column.name, input.value); };
    input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(say, FILTER_QUIET); });
    input.addEventListener("keydown", (e) => { // Enter fires no change event in a notebook, so it is listened for here
      if (e.isComposing) return; // the Enter that ends a Chinese word in the input method
      e.stopPropagation();
      if (e.key === "Enter") { e.preventDefault(); say(); }
      if (e.key === "Escape" && input.value) { e.preventDefault(); input.value = ""; say(); }
    });
    if (column.fixed) { sort.disabled = true; sort.title = column.hint; input.disabled = true; input.placeholder = ""; }
    const node = el("div", { class: `fp-g-th${column.num ? " fp-num" : ""}`, role: "columnheader", "aria-colindex": at + 1, "aria-sort": "none" },
      sort, column.faceted ? summary : el("div", { class: "fp-g-summary" }), input);
    node.dataset.column = column.name;
    return { node, sort, summary, input, column };
  };
  return columns.map(cell);
}

function drawSummary(head, facet, ctx) {
  const most = Math.max(1, ...facet.parts.map((p) => p.count));
  const all = Math.max(1, facet.parts.reduce((sum, p) => sum + p.count, 0) + facet.rest_count);
  const bar = (part, at) => {
    const held = ctx.isPicked(head.column.name, part);
    const node = el("button", { type: "button", class: "fp-g-bar", tabindex: at ? "-1" : "0", "aria-pressed": held ? "true" : "false",
      title: part.told, "aria-label": part.told, onclick: () => ctx.pick(head.column, part) });
    node.addEventListener("keydown", (e) => ctx.roam(e, ".fp-g-bar", head.summary));
    const fill = el("span", { class: "fp-g-fill" });
    if (facet.spans) fill.style.height = part.count ? `${Math.max(6, 100 * part.count / most)}%` : "0";
    else {
      node.style.flex = `${Math.max(part.count / all, 0.04)} 1 0`;
      if (part.count / all > 0.16) fill.append(el("span", { class: "fp-g-word" }, part.label));
    }
    node.append(fill);
    return node;
  };
  const focused = head.summary.contains(document.activeElement) ? [...head.summary.querySelectorAll(".fp-g-bar")].indexOf(document.activeElement) : -1;
  const bars = el("div", { class: `fp-g-bars ${facet.spans ? "fp-g-spans" : "fp-g-parts"}` }, facet.parts.map(bar));
  if (!facet.spans && facet.rest) {
    const rest = el("span", { class: "fp-g-rest", title: facet.rest });
    rest.style.flex = `${Math.max(facet.rest_count / all, 0.04)} 1 0`;
    bars.append(rest);
  }
  const ends = facet.spans && facet.parts.length ? [facet.ends[0], facet.ends[1]] : [facet.note, ""];
  head.summary.replaceChildren(bars, el("div", { class: "fp-g-ends" }, ends.map((text) => el("span", {}, text))));
  if (focused >= 0) (head.summary.querySelectorAll(".fp-g-bar")[Math.min(focused, facet.parts.length - 1)] || head.sort).focus({ preventScroll: true });
}
