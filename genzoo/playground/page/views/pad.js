// A pad to draw on, of an image's own size, by pointer or by keys.

import { h } from "../dom.js";
import { paint, pixelsOf } from "../pixels.js";

/** A pad; `drawn` is called with its pixels at the end of each stroke, and whether it was one of the pointer's. */
export function pad(shape, drawn) {
  const [channels, height, width] = shape;
  const canvas = h("canvas", {
    class: "image pad",
    width,
    height,
    tabindex: 0,
    role: "application",
    "aria-label": "Drawing pad: arrow keys move the pen, space draws, backspace wipes",
    onpointerdown: begin,
    onpointermove: go,
    onpointerup: end,
    onpointercancel: end,
    onkeydown: key,
    onblur: () => (pen.hidden = true),
    onfocus: () => place(at),
  });
  const pen = h("span", { class: "pen", "aria-hidden": "true", hidden: true });
  const element = h("div", { class: "area" }, canvas, pen);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let last = null,
    at = [width / 2, height / 2];
  const color = { value: "#ffffff" };

  function stroke(from, to, wipe = false) {
    context.strokeStyle = wipe ? "#000" : color.value;
    context.lineWidth = Math.max(1.5, width / 13);
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(to[0] + 0.01, to[1]); // a mere point would leave nothing
    context.stroke();
  }

  function pointOf(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  }

  function begin(event) {
    canvas.setPointerCapture(event.pointerId);
    last = pointOf(event);
    stroke(last, last);
  }

  function go(event) {
    if (last === null) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) {
      const point = pointOf(one);
      stroke(last, point);
      last = point;
    }
  }

  function end() {
    if (last === null) return;
    last = null;
    drawn(pixels(), true);
  }

  function place(point) {
    at = [Math.min(width - 0.5, Math.max(0.5, point[0])), Math.min(height - 0.5, Math.max(0.5, point[1]))];
    pen.hidden = false;
    pen.style.left = `${(100 * at[0]) / width}%`;
    pen.style.top = `${(100 * at[1]) / height}%`;
  }

  function key(event) {
    const step = width / 28;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    const draws = event.key === " " || event.key === "Enter",
      wipes = event.key === "Backspace" || event.key === "Delete";
    if (!by && !draws && !wipes) return;
    event.preventDefault();
    if (by) {
      const before = at;
      place([at[0] + by[0], at[1] + by[1]]);
      if (!event.shiftKey) return;
      stroke(before, at);
    } else stroke(at, at, wipes);
    drawn(pixels(), false);
  }

  const pixels = () => pixelsOf(context, shape);

  return {
    element,
    color,
    isColored: channels === 3,
    /** Show pixels in place of what was drawn; black for null. */
    show(images) {
      paint(canvas, images ?? new Float32Array(channels * height * width), 0, shape);
    },
  };
}
