// Elements, and what the page says to everybody: errors, and news for readers of a screen.

/** An element with its attributes, handlers (`onclick`, ...) and children; what is null or false is left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== false));
  return element;
}

/** A labelled control. */
export function field(label, control, ...rest) {
  return h("label", { class: "field" }, h("span", {}, label), control, ...rest);
}

/** A choice of one of `options`, pairs of a value and its words. */
export function select(options, onchange, attributes = {}) {
  const list = options.map(([value, words]) => h("option", { value }, words));
  return h("select", { ...attributes, onchange: (event) => onchange(event.target.value) }, list);
}

/** Show an error as a sentence until the next one, or until it is closed; null takes it away. */
export function report(error) {
  const alert = document.getElementById("alert");
  alert.hidden = error === null;
  if (error === null) {
    alert.replaceChildren();
    return;
  }
  const close = h("button", { type: "button", class: "quiet", onclick: () => report(null) }, "Close");
  alert.replaceChildren(h("span", {}, error.message), close);
}

/** Tell readers of a screen what has happened. */
export function say(words) {
  document.getElementById("status").textContent = words;
}

/** Run what may fail, and show how it did. */
export async function guarded(work) {
  try {
    await work();
  } catch (error) {
    report(error);
  }
}
