// The models as pictures, filtered by family and dataset.

import { h } from "../dom.js";
import { address, change } from "../state.js";

/** A page of all models. */
export function gallery(models) {
  // Those that an alias stands for come first: they are the best of their kind.
  const sorted = [...models].sort((a, b) => b.aliases.length - a.aliases.length);
  const cards = sorted.map((model) => [model, card(model)]);
  const count = h("p", { class: "muted", role: "status" });
  const filters = [
    chips(
      "family",
      "Family",
      models.map((model) => model.family),
    ),
    chips(
      "dataset",
      "Dataset",
      models.map((model) => model.dataset),
    ),
  ];
  const element = h(
    "section",
    { class: "gallery" },
    h(
      "div",
      { class: "intro" },
      h("h1", {}, "Choose a model"),
      h(
        "p",
        { class: "muted" },
        "Each picture shows some of what a model draws. Its nets run on this device, and nothing is sent anywhere.",
      ),
    ),
    h(
      "div",
      { class: "filters" },
      filters.map((filter) => filter.element),
      count,
    ),
    h(
      "ul",
      { class: "cards" },
      cards.map(([, item]) => item),
    ),
  );

  function update(state) {
    for (const filter of filters) filter.update(state);
    let shown = 0;
    for (const [model, item] of cards) {
      const fits = ["family", "dataset"].every((name) => !state[name] || model[name] === state[name]);
      item.hidden = !fits;
      shown += fits;
    }
    count.textContent = shown === models.length ? `${shown} models` : `${shown} of ${models.length} models`;
  }
  return { element, update, title: "genzoo playground" };
}

function card(model) {
  const [alias] = model.aliases;
  const picture = model.files.includes("samples.png")
    ? h("img", { src: `models/${model.key}/samples.png`, alt: "", loading: "lazy", decoding: "async" })
    : null;
  return h(
    "li",
    {},
    h(
      "a",
      { class: "card", href: address({ model: model.key }) },
      h("span", { class: "picture" }, picture),
      h("span", { class: "name" }, alias ?? model.key),
      alias ? h("span", { class: "full" }, model.key) : h("span", { class: "full" }, model.title),
      headline(model),
    ),
  );
}

function headline({ numbers: [first] }) {
  return first ? h("span", { class: "number" }, `${first.label} `, h("span", { class: "value" }, first.text)) : null;
}

function chips(name, legend, values) {
  const known = [...new Set(values)];
  const inputs = ["", ...known].map((value) =>
    h("input", {
      type: "radio",
      name,
      value,
      onchange: () => change({ [name]: value || null }, { push: true }),
    }),
  );
  const element = h(
    "fieldset",
    { class: "chips", hidden: known.length < 2 },
    h("legend", {}, legend),
    inputs.map((input) => h("label", {}, input, h("span", {}, input.value || "all"))),
  );
  return {
    element,
    update(state) {
      for (const input of inputs) input.checked = input.value === (known.includes(state[name]) ? state[name] : "");
    },
  };
}
