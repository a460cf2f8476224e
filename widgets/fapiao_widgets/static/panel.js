// The widget: one trait "view" in, intents out. It keeps its own clock, so that a dead kernel is seen as dead.
const STALE_AFTER = 3000;
const ALIVE_EVERY = 5000;
let panels = 0;

function render({ model, el: host, signal }) {
  const id = ++panels;
  let fields = 0, fresh = performance.now(), told = 0, key = "", count = 0;
  const root = el("div", { class: "fp-wizard", lang: "zh-CN" });
  const [head, notices, body, tail] = ["fp-head", "fp-notices", "fp-body", "fp-tail"].map((name) => el("div", { class: name }));
  const railBox = el("div", { class: "fp-rail-box" });
  const title = el("h3", { class: "fp-heading", tabindex: "-1" });
  const answer = el("p", { class: "fp-answer" });
  const content = el("div", { class: "fp-content" });
  const act = el("div", { class: "fp-act" });
  const step = el("main", { class: "fp-step" }, title, answer, content, act);
  const live = el("div", { class: "fp-live", "aria-live": "polite", role: "status" });
  const stale = el("div", { class: "fp-stale-note", role: "alert", hidden: true });
  body.append(railBox, step);
  root.append(head, stale, notices, body, tail, live);
  host.append(root);

  const base = () => { // the notebooks' root, from JupyterLab's own address: /lab/tree/...
    const config = document.getElementById("jupyter-config-data");
    return config ? JSON.parse(config.textContent).baseUrl || "/" : "/";
  };
  const ctx = {
    id,
    next: () => ++fields,
    copied: () => model.get("view").foot?.copied || "",
    url: (path) => `${base()}lab/tree/${path}`,
    open: () => {},
    send: (intent) => model.send(intent),
    busy: (form) => {
      root.classList.add("fp-waiting");
      for (const button of root.querySelectorAll(".fp-form button")) button.disabled = true;
    },
  };

  const show = () => {
    const view = model.get("view");
    if (!view || !view.panel) return;
    const panel = view.panel;
    const held = root.contains(document.activeElement);
    patch(head, [{ identity: view.identity, band: view.band }], () => identity(view));
    patch(notices, [...(view.notices || []).map((text) => ({ text })), ...(view.attach ? [{ attach: view.attach }] : [])],
      (m) => m.attach ? attachBar(m.attach, ctx) : el("p", { class: "fp-notice", role: "status" }, "! " + m.text));
    patch(railBox, view.rail.length ? [view.rail] : [], () => rail(view));
    body.classList.toggle("fp-with-rail", view.rail.length > 0);
    step.className = `fp-step fp-panel-${panel.key}${panel.danger ? " fp-danger-panel" : ""}${panel.state ? ` fp-is-${panel.state}` : ""}`;
    title.textContent = panel.heading || view.title;
    answer.textContent = panel.answer;
    answer.hidden = !panel.answer;
    if (live.textContent !== panel.answer) live.textContent = panel.answer;
    // The count of answers is no part of a form: the same one drawn again by the next answer keeps what was typed meanwhile.
    patch(content, panel.blocks, (b) => block(b, ctx));
    patch(act, panel.act ? [panel.act] : [], (b) => block(b, ctx));
    patch(tail, [view.foot], () => foot(view, ctx));
    root.classList.remove("fp-waiting");
    if (panel.key !== key || view.count !== count) content.scrollTop = 0; // what was just asked for stands on top
    if (panel.key !== key) {
      if (held && !root.contains(document.activeElement)) title.focus({ preventScroll: true });
    }
    key = panel.key;
    count = view.count;
    beat(0);
  };

  const beat = (age) => { fresh = performance.now() - age * 1000; tick(); };
  const tick = () => {
    const age = performance.now() - fresh;
    const old = age > STALE_AFTER;
    root.classList.toggle("fp-stale", old);
    stale.hidden = !old;
    if (old) stale.textContent = "! " + (model.get("view").stale || "%s").replace("%s", Math.round(age / 1000));
    for (const button of root.querySelectorAll(".fp-form button")) {
      button.disabled = old || root.classList.contains("fp-waiting");
    }
  };
  const alive = () => {
    if (document.visibilityState === "hidden") return; // nobody looks: the kernel may stop following
    told = performance.now();
    try { model.send({ alive: true }); } catch (gone) { /* the comm is closed: the clock above shows it */ }
  };
  const heard = (message) => { if (message && message.beat) beat(message.age || 0); };

  model.on("change:view", show);
  model.on("msg:custom", heard);
  const clock = setInterval(() => { tick(); if (performance.now() - told > ALIVE_EVERY) alive(); }, 500);
  document.addEventListener("visibilitychange", alive);
  show();
  alive();
  const gone = () => {
    clearInterval(clock);
    document.removeEventListener("visibilitychange", alive);
    model.off("change:view", show);
    model.off("msg:custom", heard);
  };
  return gone;
}

export default { render };
