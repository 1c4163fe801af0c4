// Sliders over the directions of latent space that change images most, as `genzoo traverse` finds them.

import { field, h, select } from "../dom.js";
import { latest } from "../engine/client.js";
import { canvasFor, paint, save } from "../pixels.js";
import { change } from "../state.js";

const WORDS = {
  kl: "The latent's dimensions that carry most of what the encoder knows of an image, by their KL divergence.",
  principal: "The principal directions of the generator's first layer, the strongest first.",
};
const STARTS = 16;
const [FIRST, MIDDLE] = ["1", "0"]; // where to start from, as in the address; of the middle GANs draw no image

export const directions = {
  id: "directions",
  label: "Directions",
  applies: (model) => model.files.includes("directions.json"),
  create,
};

function create(context) {
  const { model } = context;
  const large = canvasFor(model.shape, "The image at these places");
  const words = h("p", { class: "hint muted" });
  const rows = h("div", { class: "sliders" });
  const from = select(
    [...Array.from({ length: STARTS }, (_, i) => [i + 1, `sample ${i + 1}`]), [MIDDLE, "the middle"]],
    (value) => change({ from: value === FIRST ? null : value, d: null }, { push: true }),
  );
  const element = h(
    "div",
    { class: "directions" },
    h(
      "div",
      { class: "controls" },
      field("Start from", from),
      h("button", { type: "button", onclick: () => change({ d: null }, { push: true }) }, "Back to the start"),
      h("button", { type: "button", onclick: () => save(large, `${model.key}-direction.png`) }, "Save PNG"),
    ),
    words,
    h("div", { class: "split" }, h("div", { class: "large" }, large), rows),
  );
  let found = null,
    sliders = [];
  const draw = latest(drawAll);

  async function load() {
    const response = await fetch(`${context.url}directions.json`);
    if (!response.ok) throw new Error((await response.text()).split("\n")[0] || "The directions could not be fetched.");
    const read = await response.json();
    words.textContent = WORDS[read.method] ?? "";
    sliders = read.vectors.map((vector, i) => sliderOf(i, name(read.method, vector, i), model.shape, moved));
    rows.replaceChildren(...sliders.map((slider) => slider.element));
    return read;
  }

  function moved() {
    const places = sliders.map(({ input }) => Number(input.value));
    change({ d: places.join("_") });
  }

  async function update(state) {
    found ??= await load();
    await draw(state);
  }

  async function drawAll(state) {
    const size = model.latent_size;
    const wanted = Number(state.from ?? FIRST);
    const start = wanted >= 0 && wanted <= STARTS ? Math.floor(wanted) : Number(FIRST);
    from.value = start;
    const z0 = start
      ? (await context.samples({ ...state, n: STARTS })).z.subarray((start - 1) * size, start * size)
      : Float32Array.from(found.origin);
    const own = found.vectors.map((vector, i) => coordinate(z0, vector) / found.span[i]);
    const places = state.d === undefined ? own : placesOf(state.d, own);
    sliders.forEach(({ input }, i) => {
      input.value = places[i];
      input.setAttribute("aria-valuetext", (places[i] * found.span[i]).toFixed(2));
    });
    // The image itself, then of each direction both its ends.
    const moves = [
      places,
      ...places.flatMap((_, i) => [-1, 1].map((end) => places.map((place, k) => (k === i ? end : place)))),
    ];
    const z = Float32Array.from(moves.flatMap((row) => latent(z0, row, own)));
    await context.open();
    const images = await context.decode(z);
    paint(large, images, 0, model.shape);
    sliders.forEach(({ ends }, i) =>
      ends.forEach((canvas, end) => paint(canvas, images, 1 + 2 * i + end, model.shape)),
    );
  }

  // Where a latent lies along a direction, from the middle on.
  function coordinate(z, vector) {
    return vector.reduce((sum, value, j) => sum + value * (z[j] - found.origin[j]), 0);
  }

  // The latent whose places along the directions are these, and which is z0 in all else.
  function latent(z0, places, own) {
    return Array.from(z0, (value, j) =>
      places.reduce((sum, place, i) => sum + (place - own[i]) * found.span[i] * found.vectors[i][j], value),
    );
  }
  return { element, update };
}

function placesOf(text, otherwise) {
  const wanted = text.split("_").map(Number);
  return otherwise.map((place, i) => (Math.abs(wanted[i]) <= 1 ? wanted[i] : place));
}

function name(method, vector, i) {
  if (method !== "kl") return `Direction ${i + 1}`;
  return `Dimension ${vector.findIndex((value) => Math.abs(value) > 0.5) + 1}`;
}

function sliderOf(i, label, shape, moved) {
  const input = h("input", {
    type: "range",
    min: -1,
    max: 1,
    step: 0.01,
    value: 0,
    id: `direction-${i}`,
    oninput: moved,
  });
  const ends = [canvasFor(shape), canvasFor(shape)];
  ends.forEach((canvas) => canvas.setAttribute("aria-hidden", "true"));
  const element = h("div", { class: "slider" }, h("label", { for: input.id }, label), ends[0], input, ends[1]);
  return { element, input, ends };
}
