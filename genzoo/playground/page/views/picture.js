// One's own picture, drawn or dropped: how a VAE reconstructs it, or how a discriminator scores it.

import { field, guarded, h, say } from "../dom.js";
import { encode, latest, score } from "../engine/client.js";
import { canvasFor, packPixels, paint, pixelsOfFile, unpackPixels } from "../pixels.js";
import { change } from "../state.js";
import { pad } from "./pad.js";

export const picture = {
  id: "picture",
  label: "Picture",
  create,
  applies: ({ is_vae: isVae, files }) => files.includes(isVae ? "encoder.onnx" : "discriminator.onnx"),
};

const OWN = 64; // samples that a picture's score is held against

function create(context) {
  const { model } = context;
  const area = model.shape.reduce((a, b) => a * b);
  const drawing = pad(model.shape, put);
  const file = h("input", {
    type: "file",
    accept: "image/*",
    class: "unseen",
    id: "file",
    onchange: () => takeFile(file.files[0]),
  });
  const color =
    drawing.isColored &&
    h("input", { type: "color", value: "#ffffff", oninput: () => (drawing.color.value = color.value) });
  const result = model.is_vae ? reconstruction(context) : scored(context);
  const element = h(
    "div",
    { class: "own", ondragover: (event) => event.preventDefault(), ondrop: drop },
    h("p", { class: "hint muted" }, "Draw on the pad, or drop a picture on it."),
    h(
      "div",
      { class: "controls" },
      file,
      h("label", { class: "button", for: "file" }, "Choose a picture…"),
      h("button", { type: "button", onclick: () => guarded(takeSample) }, "Take a sample"),
      h("button", { type: "button", onclick: invert }, "Invert"),
      h("button", { type: "button", onclick: () => change({ px: null }, { push: true }) }, "Clear"),
      color && field("Pen", color),
    ),
    h("div", { class: "split" }, h("figure", {}, drawing.element, h("figcaption", {}, "Your picture")), result.element),
  );
  let now = null;
  const show = latest(result.update);

  function put(pixels, push) {
    change({ px: packPixels(pixels) }, { push });
  }

  const takeFile = (chosen) =>
    chosen &&
    guarded(async () => {
      file.value = ""; // so that the same file can be chosen again
      const pixels = await pixelsOfFile(chosen, model.shape);
      put((await isNegative(pixels)) ? pixels.map((value) => 1 - value) : pixels, true);
      say("The picture was taken.");
    });

  function drop(event) {
    event.preventDefault();
    takeFile(event.dataTransfer.files[0]);
  }

  function invert() {
    put(
      (now ?? new Float32Array(area)).map((value) => 1 - value),
      true,
    );
  }

  async function takeSample() {
    const { images } = await context.samples({ seed: String(crypto.getRandomValues(new Uint32Array(1))[0]), n: 1 });
    put(images, true);
  }

  // Ink on paper, where the model knows light strokes on black.
  async function isNegative(pixels) {
    if (model.shape[0] !== 1) return false;
    const { images } = await context.samples({ n: 16 });
    return border(pixels, 0, model.shape) > 0.6 && border(images, 0, model.shape) < 0.2;
  }

  async function update(state) {
    now = state.px ? unpackPixels(state.px, area) : null;
    drawing.show(now);
    await show(now);
  }
  return { element, update };
}

function border(images, i, [, height, width]) {
  let sum = 0;
  for (let x = 0; x < width; x += 1)
    sum += images[i * height * width + x] + images[i * height * width + (height - 1) * width + x];
  return sum / (2 * width);
}

function reconstruction(context) {
  const {
    model: { shape },
    url,
  } = context;
  const [image, difference] = [canvasFor(shape, "The reconstruction"), canvasFor(shape, "The difference")];
  const words = h("p", { class: "result", role: "status" });
  const element = h(
    "div",
    { class: "results" },
    h("figure", {}, image, h("figcaption", {}, "Reconstruction")),
    h("figure", {}, difference, h("figcaption", {}, "Difference")),
    words,
  );

  async function update(pixels) {
    if (pixels === null) {
      words.textContent = "";
      for (const canvas of [image, difference]) canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
      return;
    }
    await context.open();
    const rebuilt = await context.decode(await encode(url, pixels, shape));
    const apart = rebuilt.map((value, i) => Math.abs(value - pixels[i]));
    paint(image, rebuilt, 0, shape);
    paint(difference, apart, 0, shape);
    const error = apart.reduce((sum, value) => sum + value * value, 0) / apart.length;
    words.textContent = `Squared error per pixel: ${error.toPrecision(3)}`;
  }
  return { element, update };
}

function scored(context) {
  const { model, url } = context;
  const words = h("p", { class: "result", role: "status" });
  const scale = h("div", { class: "scale", "aria-hidden": "true" });
  const element = h(
    "div",
    { class: "results wide" },
    words,
    h(
      "p",
      { class: "muted small" },
      `These are ${model.scores}: the higher, the more real it takes a picture for. ` +
        `Below stand the scores of ${OWN} samples of its own.`,
    ),
    scale,
  );
  let own = null;

  async function update(pixels) {
    element.hidden = pixels === null;
    if (pixels === null) return;
    if (own === null) {
      const { images } = await context.samples({ n: OWN });
      own = (await score(url, images, model.shape)).sort();
    }
    const [mine] = await score(url, pixels, model.shape);
    const below = own.filter((value) => value < mine).length;
    words.textContent =
      `Score: ${mine.toFixed(2)}, above ${Math.round((100 * below) / OWN)} % of its own samples' ` +
      `(${own[0].toFixed(2)} to ${own[OWN - 1].toFixed(2)}).`;
    const [least, most] = [Math.min(own[0], mine), Math.max(own[OWN - 1], mine)];
    const mark = (value, kind) => {
      const one = h("i", { class: kind });
      one.style.left = `${(100 * (value - least)) / (most - least || 1)}%`;
      return one;
    };
    scale.replaceChildren(...Array.from(own, (value) => mark(value, "own-mark")), mark(mine, "mark"));
  }
  return { element, update };
}
