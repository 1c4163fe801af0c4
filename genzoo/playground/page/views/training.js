// The way a model came: images of the same latents, at five times of its training.

import { field, h } from "../dom.js";
import { change } from "../state.js";

const PADDING = 2;
const PER_LINE = 5; // which a narrow screen has room for

export const training = {
  id: "training",
  label: "Training",
  applies: ({ files }) => files.includes("progress.png"),
  create,
};

function create({ model, url }) {
  const [, height, width] = model.shape;
  const canvas = h("canvas", { class: "image progress", role: "img" });
  const slider = h("input", { type: "range", min: 1, max: 5, step: 1, oninput: () => change({ row: slider.value }) });
  const words = h("p", { class: "result", role: "status" });
  const element = h(
    "div",
    { class: "training" },
    h("p", { class: "hint muted" }, "The same latents throughout: those of the first samples of seed 0."),
    h("div", { class: "controls" }, field("Time", slider)),
    words,
    canvas,
  );
  let picture = null;

  async function load() {
    const image = new Image();
    image.src = `${url}progress.png`;
    try {
      await image.decode();
    } catch {
      throw new Error("progress.png could not be fetched: see whether the server still runs, and load the page again.");
    }
    return image;
  }

  async function update(state) {
    picture ??= await load();
    const rows = Math.max(1, Math.round((picture.naturalHeight + PADDING) / (height + PADDING)));
    const columns = Math.max(1, Math.round((picture.naturalWidth + PADDING) / (width + PADDING)));
    const row = Math.min(rows, Math.max(1, Math.round(Number(state.row ?? rows)) || rows));
    slider.max = rows;
    slider.value = row;
    const steps = (part) => Math.round((part / rows) * model.steps).toLocaleString("en");
    words.textContent =
      model.steps === null
        ? `After ${row} of ${rows} parts of the training`
        : `After ${steps(row)} of ${steps(rows)} steps`;
    slider.setAttribute("aria-valuetext", words.textContent);
    canvas.setAttribute("aria-label", `${columns} images. ${words.textContent}`);
    const perLine = Math.min(columns, PER_LINE);
    canvas.width = perLine * (width + PADDING) - PADDING;
    canvas.height = Math.ceil(columns / perLine) * (height + PADDING) - PADDING;
    const context = canvas.getContext("2d");
    for (let i = 0; i < columns; i += 1) {
      context.drawImage(
        picture,
        i * (width + PADDING),
        (row - 1) * (height + PADDING),
        width,
        height,
        (i % perLine) * (width + PADDING),
        Math.floor(i / perLine) * (height + PADDING),
        width,
        height,
      );
    }
  }
  return { element, update };
}
