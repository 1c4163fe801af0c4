// The way from one latent to another on the great circle, as pictures, and as a film.

import { h } from "../dom.js";
import { greatCircle } from "../engine/latents.js";
import { canvasFor, paint, paintGrid, save } from "../pixels.js";
import { change } from "../state.js";

const FRAMES = 33;
const SHOWN = 9;
const PACE = 60; // milliseconds a frame

export function between(context) {
  const {
    model: { shape, key, latent_size: size },
  } = context;
  const large = canvasFor(shape, "The image on the way");
  const slider = h("input", {
    type: "range",
    min: 0,
    max: FRAMES - 1,
    step: 1,
    "aria-label": "Place on the way",
    oninput: () => {
      stop();
      change({ t: slider.value });
    },
  });
  const play = h("button", { type: "button", onclick: () => (timer === null ? begin() : stop()) }, "Play");
  const heading = h("h2", {});
  const strip = h("canvas", { class: "image strip", role: "img" });
  const png = h("button", { type: "button", onclick: () => save(strip, `${key}-way.png`) }, "Save strip");
  const element = h(
    "section",
    { class: "way", hidden: true, "aria-label": "The way between two samples" },
    heading,
    large,
    h("div", { class: "controls" }, play, slider, png),
    strip,
  );
  let frames = null,
    drawn = null,
    now = null,
    timer = null,
    ahead = 1;

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }

  function begin() {
    play.textContent = "Stop";
    timer = setInterval(() => {
      if (!element.isConnected) {
        stop();
        return;
      }
      let t = Number(slider.value) + ahead;
      if (t < 0 || t >= FRAMES) {
        ahead = -ahead;
        t = Number(slider.value) + ahead;
      }
      change({ t });
    }, PACE);
  }

  async function update(state, samples, pair) {
    element.hidden = pair.length !== 2;
    if (element.hidden) {
      stop();
      drawn = null;
      return;
    }
    now = state;
    const wanted = `${samples.seed} ${samples.n} ${state.prior} ${pair}`;
    if (drawn !== wanted) {
      drawn = wanted;
      const [a, b] = pair.map((i) => samples.z.subarray(i * size, (i + 1) * size));
      const found = await context.decode(greatCircle(a, b, FRAMES));
      if (drawn !== wanted) return; // another pair was chosen meanwhile
      frames = found;
      heading.textContent = `From sample ${pair[0] + 1} to sample ${pair[1] + 1}`;
      strip.setAttribute(
        "aria-label",
        `${SHOWN} images on the way from sample ${pair[0] + 1} to sample ${pair[1] + 1}`,
      );
      paintStrip();
    }
    if (frames === null || now !== state) return;
    const t = Math.min(FRAMES - 1, Math.max(0, Math.round(Number(state.t ?? (FRAMES - 1) / 2)) || 0));
    slider.value = t;
    slider.setAttribute("aria-valuetext", `${Math.round((100 * t) / (FRAMES - 1))} % of the way`);
    paint(large, frames, t, shape);
  }

  function paintStrip() {
    const area = shape.reduce((a, b) => a * b);
    const some = new Float32Array(SHOWN * area);
    for (let i = 0; i < SHOWN; i += 1) {
      const frame = (i * (FRAMES - 1)) / (SHOWN - 1);
      some.set(frames.subarray(frame * area, (frame + 1) * area), i * area);
    }
    paintGrid(strip, some, SHOWN, shape, { columns: SHOWN });
  }
  return { element, update };
}
