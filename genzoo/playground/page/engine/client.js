// The page's end of the worker that runs the nets.

const waiting = new Map();
let worker = null;
let nextId = 0;

function start() {
  if (typeof WebAssembly !== "object" || typeof Worker !== "function") {
    throw new Error("This browser has no WebAssembly, by which the models are computed: open the page in a newer one.");
  }
  worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data: { id, result, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    for (const { reject } of waiting.values()) {
      reject(new Error("The part of the page that computes could not be loaded: load the page again."));
    }
    waiting.clear();
    worker = null;
  };
}

async function call(name, argument) {
  if (!worker) start();
  return new Promise((resolve, reject) => {
    waiting.set(nextId, { resolve, reject });
    worker.postMessage({ id: nextId, call: name, argument });
    nextId += 1;
  });
}

/** Start the runtime ahead of the first model. */
export const warm = () => call("warm");
/** Fetch a model and start its generator; its mixture prior, or null. */
export const open = (url) => call("open", { url });
/** Images of latents: (n, z) -> (n, c, h, w). */
export const decode = (url, z, size) => call("decode", { url, z, size });
/** Posterior means of images: (n, c, h, w) -> (n, z). */
export const encode = (url, images, shape) => call("encode", { url, images, shape });
/** Scores of images: (n, c, h, w) -> (n,). */
export const score = (url, images, shape) => call("score", { url, images, shape });

/**
 * A function that calls another with the last arguments it was given, one call at a time: what came between is left
 * out, so that a slider moves as fast as pictures can be drawn, and never lags behind.
 */
export function latest(work) {
  let next = null,
    running = null;
  async function loop() {
    while (next) {
      const args = next;
      next = null;
      await work(...args);
    }
    running = null;
  }
  return (...args) => {
    next = args;
    running ??= loop().finally(() => (running = null));
    return running;
  };
}
