// A grid of samples of a seed; two of them may be chosen, to see the way between them.

import { field, guarded, h, say, select } from "../dom.js";
import { canvasFor, paint, paintGrid, save } from "../pixels.js";
import { change } from "../state.js";
import { between } from "./between.js";
import { seedOf, settings } from "./model.js";

const NUMBERS = [1, 4, 16, 36, 64, 100];

export const samples = { id: "samples", label: "Samples", applies: () => true, create };

function create(context) {
  const { model } = context;
  const controls = controlsOf(model);
  const grid = gridOf(model);
  const way = between(context);
  const command = h("code", {});
  const savePng = h("button", { type: "button", onclick: () => guarded(saveGrid) }, "Save PNG");
  controls.element.append(savePng);
  const element = h(
    "div",
    { class: "samples" },
    controls.element,
    h("p", { class: "hint muted" }, "Choose two samples to see the way between them."),
    h("div", { class: "split" }, grid.element, way.element),
    h(
      "p",
      { class: "command", hidden: model.load === null },
      h("span", { class: "muted" }, "The same picture by command: "),
      command,
    ),
  );
  let shown = null,
    now = null;

  async function saveGrid() {
    const canvas = document.createElement("canvas");
    paintGrid(canvas, shown.images, shown.n, model.shape);
    await save(canvas, `${model.key}-seed-${shown.seed}.png`);
  }

  async function update(state) {
    controls.update(state);
    const { seed, n, prior } = settings(state);
    command.textContent =
      `genzoo generate -m ${shell(model.load ?? "")} -n ${n} --seed ${seed}` +
      `${prior === "mixture" && model.is_vae ? " --prior mixture" : ""} grid.png`;
    savePng.disabled = shown === null;
    now = state;
    const drawn = await context.samples(state);
    if (now !== state) return; // another was asked for meanwhile
    savePng.disabled = false;
    if (drawn !== shown) say(`${n} samples of seed ${seed} were drawn.`);
    shown = drawn;
    const pair = chosen(state.pair, n);
    grid.update(drawn, pair);
    await way.update(state, drawn, pair);
  }
  return { element, update };
}

function shell(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** The numbers of the chosen samples, from 0 on, which a link may have wrong. */
function chosen(text, n) {
  const found = (text ?? "")
    .split(".")
    .filter(Boolean)
    .map((one) => Number(one) - 1);
  return found.length <= 2 && found.every((one) => Number.isInteger(one) && one >= 0 && one < n) ? found : [];
}

function controlsOf(model) {
  const wrong = h("span", { class: "wrong", id: "seed-wrong", role: "alert" });
  const seed = h("input", {
    type: "text",
    inputmode: "numeric",
    size: 8,
    maxlength: 20,
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": "seed-wrong",
    onchange: () => choose(seed.value.trim()),
  });
  function choose(text) {
    const right = seedOf(text) !== null;
    seed.setAttribute("aria-invalid", !right);
    wrong.textContent = right ? "" : "A seed is a whole number from 0 to 2⁶⁴ − 1.";
    if (right) change({ seed: BigInt(text), pair: null, t: null }, { push: true });
  }
  const random = () => choose(String(crypto.getRandomValues(new Uint32Array(1))[0]));
  const next = (state) => String(BigInt.asUintN(64, settings(state).seed + 1n));
  let now = {};
  const number = select(
    NUMBERS.map((one) => [one, one]),
    (n) => change({ n, pair: null, t: null }, { push: true }),
  );
  const prior = select(
    [
      ["normal", "standard normal"],
      ["mixture", "mixture of Gaussians"],
    ],
    (value) => change({ prior: value === "mixture" ? value : null, pair: null, t: null }, { push: true }),
  );
  const element = h(
    "div",
    { class: "controls" },
    field("Seed", seed),
    h("button", { type: "button", onclick: () => choose(next(now)) }, "Next"),
    h("button", { type: "button", onclick: random }, "Random"),
    field("Samples", number),
    model.is_vae && field("Prior", prior),
    wrong,
  );
  function update(state) {
    const set = settings(state);
    now = state;
    if (document.activeElement !== seed || seedOf(seed.value) !== null) seed.value = set.seed;
    if (!NUMBERS.includes(set.n) && !number.querySelector("[data-other]")) {
      number.append(h("option", { value: set.n, "data-other": true }, set.n));
    }
    number.value = set.n;
    prior.value = set.prior;
  }
  return { element, update };
}

function gridOf({ shape }) {
  const element = h("div", { class: "grid", role: "group", "aria-label": "Samples", onkeydown: move });
  let buttons = [],
    pair = [],
    painted = null;

  function pick(i) {
    const next = pair.includes(i) ? pair.filter((one) => one !== i) : pair.length === 2 ? [i] : [...pair, i];
    change({ pair: next.length ? next.map((one) => one + 1).join(".") : null, t: null }, { push: true });
  }

  function focus(i) {
    buttons.forEach((button, k) => (button.tabIndex = k === i ? 0 : -1));
    buttons[i].focus();
  }

  function move(event) {
    const at = buttons.indexOf(document.activeElement);
    const columns = Math.ceil(Math.sqrt(buttons.length));
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? buttons.length - 1 : at + step;
    if (at < 0 || !(to >= 0 && to < buttons.length)) return;
    event.preventDefault();
    focus(to);
  }

  function update({ images, n }, chosenPair) {
    pair = chosenPair;
    if (buttons.length !== n) {
      buttons = Array.from({ length: n }, (_, i) =>
        h(
          "button",
          {
            type: "button",
            class: "sample",
            tabindex: i ? -1 : 0,
            onclick: () => {
              focus(i);
              pick(i);
            },
          },
          canvasFor(shape),
        ),
      );
      element.replaceChildren(...buttons);
      element.style.setProperty("--columns", Math.ceil(Math.sqrt(n)));
    }
    buttons.forEach((button, i) => {
      if (images !== painted) paint(button.firstChild, images, i, shape);
      const place = pair.indexOf(i);
      button.setAttribute("aria-pressed", place >= 0);
      button.setAttribute("aria-label", `Sample ${i + 1}`);
      if (place >= 0) button.dataset.place = ["from", "to"][place];
      else delete button.dataset.place;
    });
    painted = images;
  }
  return { element, update };
}
