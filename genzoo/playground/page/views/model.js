// One model: what there is to do with it, in tabs, and what is known of it.

import { field, guarded, h, report, say, select } from "../dom.js";
import { decode, open } from "../engine/client.js";
import { Mixture, normalLatents } from "../engine/latents.js";
import { change, flush } from "../state.js";
import { directions } from "./directions.js";
import { numbers } from "./numbers.js";
import { picture } from "./picture.js";
import { plane } from "./plane.js";
import { samples } from "./samples.js";
import { training } from "./training.js";

const TABS = [samples, directions, plane, picture, training];
const OF_ONE_MODEL = ["pair", "t", "from", "d", "xy", "row"];
const MOST_DRAWN = 4;
const MOST = 2n ** 64n;

/** A page of one model. */
export function modelView(model, models) {
  const context = contextOf(model);
  const tabs = TABS.filter((tab) => tab.applies(model)).map((tab) => ({ ...tab, ...tab.create(context) }));
  const list = tabList(tabs);
  const panel = h("div", { class: "panel", role: "tabpanel", id: "panel", tabindex: "-1" });
  const stage = h(
    "div",
    { class: "stage" },
    list.element,
    h("p", { class: "busy", "aria-hidden": "true" }, "Computing…"),
    panel,
  );
  const [alias] = model.aliases;
  const element = h(
    "section",
    { class: "model" },
    h("nav", { class: "where", "aria-label": "Models" }, h("a", { href: "#" }, "← All models"), chooser(model, models)),
    h(
      "div",
      { class: "title" },
      h(
        "div",
        {},
        h("h1", {}, alias ?? model.key),
        h("p", { class: "muted" }, alias ? `${model.key} · ` : "", `${model.words}, trained on ${model.title}`),
      ),
      h("button", { type: "button", onclick: copyLink }, "Copy link"),
    ),
    h("div", { class: "columns" }, stage, numbers(model)),
  );

  let shown = null,
    updates = 0;
  function update(state) {
    const tab = tabs.find(({ id }) => id === state.tab) ?? tabs[0];
    list.update(tab);
    if (tab !== shown) panel.replaceChildren(tab.element);
    panel.setAttribute("aria-labelledby", `tab-${tab.id}`);
    shown = tab;
    report(null);
    updates += 1;
    const mine = updates;
    stage.setAttribute("aria-busy", true);
    guarded(() => tab.update(state)).then(() => {
      if (mine === updates) stage.setAttribute("aria-busy", false);
    });
  }
  return { element, update, title: `${alias ?? model.key} · genzoo playground` };
}

function contextOf(model) {
  const url = new URL(`models/${model.key}/`, document.baseURI).href;
  const drawn = new Map(); // the last samples, as promises
  let opened = null;

  const context = {
    model,
    url,
    /** The model's mixture prior, or null, once its generator has started. */
    open() {
      opened ??= open(url).then(
        (parts) => parts && new Mixture(parts),
        (error) => {
          opened = null;
          throw error;
        },
      );
      return opened;
    },
    /** Images of latents, (n, z). */
    decode: (z) => decode(url, z, model.latent_size),
    /** The samples that the state names: {n, seed, z, images}. */
    samples(state) {
      const { seed, n, prior } = settings(state);
      const key = `${seed} ${n} ${prior}`;
      if (!drawn.has(key)) {
        const made = draw(seed, n, prior);
        drawn.set(key, made);
        made.catch(() => drawn.delete(key));
        if (drawn.size > MOST_DRAWN) drawn.delete(drawn.keys().next().value);
      }
      return drawn.get(key);
    },
  };

  async function draw(seed, n, prior) {
    const mixture = await context.open();
    const z = prior === "mixture" && mixture ? mixture.latents(seed, n) : normalLatents(seed, n, model.latent_size);
    return { seed, n, z, images: await context.decode(z) };
  }
  return context;
}

/** The seed, the number of samples and the prior of a state, whatever stands in a link. */
export function settings(state) {
  const n = Number(state.n ?? 16);
  return {
    seed: seedOf(state.seed ?? "0") ?? 0n,
    n: Number.isInteger(n) && n >= 1 && n <= 100 ? n : 16,
    prior: state.prior === "mixture" ? "mixture" : "normal",
  };
}

/** The seed that a text names, null for none. */
export function seedOf(text) {
  return /^\d{1,20}$/.test(text) && BigInt(text) < MOST ? BigInt(text) : null;
}

function chooser(model, models) {
  const go = (key) =>
    change({ model: key, ...Object.fromEntries(OF_ONE_MODEL.map((name) => [name, null])) }, { push: true });
  const control = select(
    models.map(({ key }) => [key, key]),
    go,
  );
  control.value = model.key;
  // The page of a model is kept; what was chosen on it then is another's.
  control.addEventListener("change", () => (control.value = model.key));
  return models.length > 1 && field("Model", control);
}

function tabList(tabs) {
  const choose = (tab) => change({ tab: tab.id }, { push: true });
  const buttons = tabs.map((tab) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${tab.id}`,
        "aria-controls": "panel",
        onclick: () => choose(tab),
      },
      tab.label,
    ),
  );
  function onkeydown(event) {
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    choose(tabs[next]);
    buttons[next].focus();
  }
  return {
    element: h("div", { class: "tabs", role: "tablist", "aria-label": "What to do", onkeydown }, buttons),
    update(shown) {
      tabs.forEach((tab, i) => {
        buttons[i].setAttribute("aria-selected", tab.id === shown.id);
        buttons[i].tabIndex = tab.id === shown.id ? 0 : -1;
      });
    },
  };
}

async function copyLink() {
  flush();
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link was copied.");
    this.textContent = "Copied";
    setTimeout(() => (this.textContent = "Copy link"), 1500);
  } catch {
    report(new Error("This browser does not let the link be copied: take it from the address bar."));
  }
}
