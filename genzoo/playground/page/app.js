// The page: a gallery of models, or one of them.

import { guarded, h, report, say } from "./dom.js";
import { warm } from "./engine/client.js";
import { listen } from "./state.js";
import { gallery } from "./views/gallery.js";
import { modelView } from "./views/model.js";

const main = document.getElementById("main");

async function fetchIndex() {
  try {
    const response = await fetch("index.json");
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()).models;
  } catch (error) {
    const told = error instanceof TypeError || error instanceof SyntaxError ? "" : error.message.split("\n")[0];
    throw new Error(
      told || "The list of models could not be fetched: see whether the server runs, and load the page again.",
    );
  }
}

function start(models) {
  history.scrollRestoration = "manual";
  const views = new Map(),
    places = new Map(); // by model, and how far each view was scrolled
  let shown = null;
  const make = (key) => {
    const model = models.find((one) => one.key === key || one.aliases.includes(key));
    if (key === undefined) return gallery(models);
    return model ? modelView(model, models) : unknown(key);
  };
  listen((state) => {
    if (!views.has(state.model)) views.set(state.model, make(state.model));
    const view = views.get(state.model);
    if (view !== shown) {
      places.set(shown, scrollY);
      main.replaceChildren(view.element);
      document.title = view.title;
      if (shown) {
        report(null);
        main.focus({ preventScroll: true });
        scrollTo(0, places.get(view) ?? 0);
        say(view.title);
      }
      shown = view;
    }
    view.update(state);
  });
}

function unknown(key) {
  const element = h(
    "section",
    { class: "empty" },
    h("h1", {}, "Not here"),
    h("p", {}, `There is no model ${key.slice(0, 100)} on this page.`),
    h("p", {}, h("a", { href: "#" }, "All models")),
  );
  return { element, title: "Not here · genzoo playground", update: () => {} };
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // what stands after the # is the page's state
  main.focus();
});

guarded(async () => {
  main.replaceChildren();
  warm().catch(report); // while the index is on its way, and the reader chooses
  start(await fetchIndex());
});
