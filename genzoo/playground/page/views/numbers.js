// What is known of a model, beside what it draws.

import { h } from "../dom.js";

const PLUS_MINUS = {
  true: "Of 100 repeated measurements 95 lie within ±.",
  false: "After ±: the standard deviation over seeds, or the standard error over test images.",
};

/** A model's facts and its card's numbers. */
export function numbers(model) {
  const [channels, height, width] = model.shape;
  const facts = [
    ["Dataset", model.title],
    ["Images", `${channels} × ${height} × ${width}`],
    ["Latent", `${model.latent_size} numbers`],
    model.step !== null && ["State", steps(model)],
    model.source && ["From", model.source],
  ].filter(Boolean);
  return h(
    "aside",
    { class: "numbers", "aria-label": "About the model" },
    h("h2", {}, "About"),
    h(
      "dl",
      {},
      facts.map(([term, words]) => h("div", {}, h("dt", {}, term), h("dd", {}, words))),
    ),
    model.numbers.length > 0 && [
      h("h2", {}, "Measured"),
      h("dl", {}, model.numbers.map(row)),
      h("p", { class: "muted small" }, `↓ lower is better, ↑ higher is better. ${PLUS_MINUS[model.has_intervals]}`),
    ],
    model.load !== null && [
      h("h2", {}, "In Python"),
      h(
        "pre",
        {},
        h("code", {}, `import genzoo\nmodel = genzoo.load(${JSON.stringify(model.load)})\nmodel.sample(16, seed=0)`),
      ),
    ],
  );
}

function steps({ step, steps: whole }) {
  const of = whole === null ? "" : ` of ${whole.toLocaleString("en")}`;
  return `step ${step.toLocaleString("en")}${of}`;
}

function row({ label, text, better, unit }) {
  const lower = better === "lower";
  return h(
    "div",
    { title: unit || null },
    h(
      "dt",
      {},
      `${label}\u00a0`,
      h("span", { class: "arrow", "aria-hidden": "true" }, lower ? "↓" : "↑"),
      h("span", { class: "unseen" }, lower ? "(lower is better)" : "(higher is better)"),
    ),
    h("dd", {}, text),
  );
}
