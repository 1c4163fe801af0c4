// The plane of a latent of two numbers: a place in the unit square is a latent by the inverse normal distribution.

import { field, h, say } from "../dom.js";
import { latest } from "../engine/client.js";
import { quantile } from "../engine/latents.js";
import { canvasFor, paint, paintGrid, save } from "../pixels.js";
import { change } from "../state.js";

const SIDE = 20;

export const plane = { id: "plane", label: "Plane", applies: (model) => model.latent_size === 2, create };

function create(context) {
  const { model } = context;
  const map = h("canvas", {
    class: "image map",
    role: "img",
    "aria-label": `${SIDE} by ${SIDE} images over the plane of latents`,
  });
  const cross = h("div", { class: "cross", "aria-hidden": "true" });
  const large = canvasFor(model.shape, "The image at this place");
  const place = h("p", { class: "muted place" });
  const [x, y] = ["First number", "Second number"].map((label, i) => {
    const input = h("input", {
      type: "range",
      min: 0.005,
      max: 0.995,
      step: 0.005,
      oninput: () => move(Number(x.input.value), Number(y.input.value)),
    });
    return { input, element: field(label, input), i };
  });
  const area = h("div", { class: "area", onpointermove: follow, onpointerdown: follow }, map, cross);
  const element = h(
    "div",
    { class: "plane" },
    h("p", { class: "hint muted" }, "Move over the plane: each place is as likely as any other."),
    h(
      "div",
      { class: "split" },
      area,
      h(
        "div",
        { class: "large" },
        large,
        place,
        x.element,
        y.element,
        h(
          "div",
          { class: "controls" },
          h("button", { type: "button", onclick: () => save(map, `${model.key}-plane.png`) }, "Save the plane as PNG"),
        ),
      ),
    ),
  );
  let painted = false;

  function move(u, v) {
    const clip = (share) => Math.min(0.995, Math.max(0.005, share)).toFixed(3);
    change({ xy: `${clip(u)}_${clip(v)}` });
  }

  function follow(event) {
    if (event.pointerType !== "mouse") event.preventDefault();
    const box = map.getBoundingClientRect();
    move((event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height);
  }

  async function paintMap() {
    const z = new Float32Array(2 * SIDE * SIDE);
    for (let row = 0; row < SIDE; row += 1) {
      for (let column = 0; column < SIDE; column += 1) {
        z[2 * (row * SIDE + column)] = quantile((column + 0.5) / SIDE);
        z[2 * (row * SIDE + column) + 1] = quantile(1 - (row + 0.5) / SIDE);
      }
    }
    paintGrid(map, await context.decode(z), SIDE * SIDE, model.shape, { padding: 0 });
    painted = true;
    say("The plane was drawn.");
  }

  const draw = latest(async (u, v) => {
    if (!painted) {
      await context.open();
      await paintMap();
    }
    const z = Float32Array.of(quantile(u), quantile(v));
    paint(large, await context.decode(z), 0, model.shape);
    place.textContent = `z = (${z[0].toFixed(2)}, ${z[1].toFixed(2)})`;
  });

  async function update(state) {
    const [u, v] = (state.xy ?? "").split("_").map((text) => (text > 0 && text < 1 ? Number(text) : 0.5));
    const shares = [u, v ?? 0.5];
    [x, y].forEach(({ input, i }) => {
      input.value = shares[i];
      input.setAttribute("aria-valuetext", quantile(shares[i]).toFixed(2));
    });
    cross.style.left = `${100 * shares[0]}%`;
    cross.style.top = `${100 * (1 - shares[1])}%`;
    await draw(...shares);
  }
  return { element, update };
}
