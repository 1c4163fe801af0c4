// Runs the nets' graphs, away from the page's own thread: each call is answered by its id.

import * as ort from "../vendor/ort.wasm.bundle.min.mjs";
import { readHeader, readTensor } from "./safetensors.js";

// Several threads would need headers that a static host may not send.
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { wasm: new URL("../vendor/ort-wasm-simd-threaded.wasm", import.meta.url).href };
ort.env.logLevel = "error";

const BATCH = 64;
const MOST_MODELS = 6;
const WEIGHTS = {
  generator: "model.safetensors",
  encoder: "model.safetensors",
  discriminator: "discriminator.safetensors",
};

// Each model's files and sessions, as promises, by its address; the one that was used last stands last.
const models = new Map();

function modelAt(url) {
  const model = models.get(url) ?? { files: new Map(), sessions: new Map() };
  models.delete(url);
  models.set(url, model);
  if (models.size > MOST_MODELS) {
    const [oldest, { sessions }] = models.entries().next().value;
    models.delete(oldest);
    for (const session of sessions.values())
      session.then(
        (one) => one.release(),
        () => {},
      );
  }
  return model;
}

// A promise that is kept once it holds, and asked for again after it did not.
function kept(map, key, make) {
  if (!map.has(key)) {
    const made = make();
    map.set(key, made);
    made.catch(() => map.delete(key));
  }
  return map.get(key);
}

function fetchFile(url, name) {
  return kept(modelAt(url).files, name, async () => {
    let response;
    try {
      response = await fetch(url + name);
    } catch {
      throw new Error(`${name} could not be fetched: see whether the server still runs, then try again.`);
    }
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    const told = response.headers.get("content-type")?.startsWith("text/plain") ? await response.text() : "";
    throw new Error(told.split("\n")[0] || `${name} could not be fetched (${response.status}): load the page again.`);
  });
}

function openSession(url, net) {
  return kept(modelAt(url).sessions, net, async () => {
    const path = WEIGHTS[net];
    const [graph, data] = await Promise.all([fetchFile(url, `${net}.onnx`), fetchFile(url, path)]);
    try {
      return await ort.InferenceSession.create(graph, { externalData: [{ path, data }], executionProviders: ["wasm"] });
    } catch (error) {
      throw new Error(`The net could not be started (${error.message.split("\n")[0]}): load the page again.`);
    }
  });
}

// All of `count` rows in batches: arrays of each output's values, whole.
async function run(url, net, input, values, shape, count) {
  const session = await openSession(url, net);
  const size = values.length / count;
  const parts = session.outputNames.map(() => []);
  for (let first = 0; first < count; first += BATCH) {
    const n = Math.min(BATCH, count - first);
    const rows = values.subarray(first * size, (first + n) * size);
    const outputs = await session.run({ [input]: new ort.Tensor("float32", rows, [n, ...shape]) });
    session.outputNames.forEach((name, i) => {
      parts[i].push(outputs[name].data);
    });
  }
  return parts.map(joined);
}

function joined(parts) {
  if (parts.length === 1) return parts[0].slice();
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const calls = {
  /** Start the runtime: what it takes does not delay the first picture then. */
  async warm() {
    // The smallest graph there is: one Identity.
    await ort.InferenceSession.create(IDENTITY, { executionProviders: ["wasm"] });
  },

  /** Fetch a model and start its generator; a VAE's mixture, or null. */
  async open({ url }) {
    await openSession(url, "generator");
    const bytes = await fetchFile(url, WEIGHTS.generator);
    const header = readHeader(bytes);
    if (!("mixture.weights" in header.tensors)) return null;
    const parts = ["weights", "means", "covariances"].map((part) => [
      part,
      readTensor(bytes, header, `mixture.${part}`),
    ]);
    return Object.fromEntries(parts);
  },

  /** Images of latents: (n, z) -> (n, c, h, w) in [0, 1]. */
  async decode({ url, z, size }) {
    return (await run(url, "generator", "z", z, [size], z.length / size))[0];
  },

  /** A VAE's posterior means of images. */
  async encode({ url, images, shape }) {
    return (await run(url, "encoder", "images", images, shape, images.length / shape.reduce((a, b) => a * b)))[0];
  },

  /** The discriminator's scores of images. */
  async score({ url, images, shape }) {
    return (await run(url, "discriminator", "images", images, shape, images.length / shape.reduce((a, b) => a * b)))[0];
  },
};

const IDENTITY = Uint8Array.from([
  8, 8, 58, 55, 10, 16, 10, 1, 120, 18, 1, 121, 34, 8, 73, 100, 101, 110, 116, 105, 116, 121, 18, 1, 103, 90, 15, 10, 1,
  120, 18, 10, 10, 8, 8, 1, 18, 4, 10, 2, 8, 1, 98, 15, 10, 1, 121, 18, 10, 10, 8, 8, 1, 18, 4, 10, 2, 8, 1, 66, 4, 10,
  0, 16, 17,
]);

self.onmessage = async ({ data: { id, call, argument } }) => {
  try {
    self.postMessage({ id, result: await calls[call](argument) });
  } catch (error) {
    self.postMessage({ id, error: error.message });
  }
};
