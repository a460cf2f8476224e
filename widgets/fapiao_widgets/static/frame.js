// The frame around every panel: identity strip, practice band, notices, attach bar, rail and foot.
function identity(view) {
  const cells = view.identity.map(([name, label, value]) => el("div", { class: `fp-id fp-id-${name}` },
    el("span", { class: "fp-id-label" }, label), el("span", { class: "fp-id-value" }, value)));
  const band = view.band ? el("div", { class: "fp-band" }, el("strong", {}, view.band.text),
    view.band.pin ? el("span", { class: "fp-pin", "data-pin": view.band.pin }, view.band.pin_text) : null) : null;
  return el("header", { class: view.band ? "fp-strip fp-simulated" : "fp-strip" }, band, el("div", { class: "fp-ids" }, cells));
}

function rail(view) {
  return el("nav", { class: "fp-rail", "aria-label": view.rail_label }, el("ol", {}, view.rail.map((s) =>
    el("li", { class: `fp-rail-step fp-step-${s.step}-${s.state} fp-state-${s.state}`, title: s.why || s.state_word,
      "aria-current": s.current ? "step" : false },
      el("span", { class: "fp-mark", "aria-hidden": "true" }, s.mark),
      el("span", { class: "fp-name" }, s.word),
      el("span", { class: "fp-state" }, el("span", { class: "fp-icon", "aria-hidden": "true" }, s.icon + " "), s.state_word)))));
}

function foot(view, ctx) {
  const help = el("p", { class: "fp-foot-text", hidden: true });
  const show = (text) => () => { help.hidden = !help.hidden && help.textContent === text; help.textContent = text; };
  const button = (label, act, name) => el("button", { type: "button", class: `fp-button fp-quiet fp-foot-${name}`, onclick: act }, label);
  return el("footer", { class: "fp-foot" },
    button(view.foot.help_label, show(view.foot.help), "help"),
    button(view.foot.support_label, (e) => copyText(view.foot.support, e.currentTarget, ctx.copied()), "support"),
    button(view.foot.feedback_label, show(view.foot.feedback), "feedback"), help);
}

function attachBar(attach, ctx) {
  return el("div", { class: "fp-attach", role: "status" }, el("span", {}, "▶ " + attach.text), link(attach.label, attach.link, ctx));
}
