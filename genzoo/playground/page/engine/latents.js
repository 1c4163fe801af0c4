// Latents: of a seed from either prior, on the way from one to another, and of a place in the plane.

import { normals, uniforms } from "./noise.js";

/** Latents of the standard normal: (n, z) Float32Array. */
export function normalLatents(seed, n, size) {
  return Float32Array.from(normals(seed, 0, n, size));
}

/** A VAE's mixture of Gaussians, as genzoo/sampling/priors.py draws from it. */
export class Mixture {
  /** Of `weights` (k,), `means` (k, z) and `covariances` (k, z, z). */
  constructor({ weights, means, covariances }) {
    this.size = means.length / weights.length;
    this.means = means;
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    this.edges = Array.from(weights, (weight) => (sum += weight) / total);
    this.scales = Array.from(weights, (_, k) =>
      cholesky(covariances.subarray(k * this.size ** 2, (k + 1) * this.size ** 2), this.size),
    );
  }

  /** Latents of a seed: (n, z) Float32Array. */
  latents(seed, n) {
    const { size } = this;
    const chosen = uniforms(seed, "mixture", 0, n, 1);
    const normal = normals(seed, 0, n, size);
    const out = new Float32Array(n * size);
    for (let row = 0; row < n; row += 1) {
      let k = 0;
      while (k < this.edges.length - 1 && this.edges[k] <= chosen[row]) k += 1;
      for (let i = 0; i < size; i += 1) {
        let value = this.means[k * size + i];
        for (let j = 0; j <= i; j += 1) value += normal[row * size + j] * this.scales[k][i * size + j];
        out[row * size + i] = value;
      }
    }
    return out;
  }
}

function cholesky(matrix, size) {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let rest = matrix[i * size + j];
      for (let k = 0; k < j; k += 1) rest -= lower[i * size + k] * lower[j * size + k];
      if (i === j && !(rest > 0)) throw new Error("A covariance of the mixture is not positive definite.");
      lower[i * size + j] = i === j ? Math.sqrt(rest) : rest / lower[j * size + j];
    }
  }
  return lower;
}

/** Latents on the great circle from one to another, as `Model.interpolate` goes: (steps, z) Float32Array. */
export function greatCircle(z0, z1, steps) {
  const size = z0.length;
  let along = 0,
    first = 0,
    second = 0;
  for (let i = 0; i < size; i += 1) {
    along += z0[i] * z1[i];
    first += z0[i] ** 2;
    second += z1[i] ** 2;
  }
  const lengths = Math.sqrt(first * second) || 1;
  const angle = Math.acos(Math.min(1, Math.max(-1, along / lengths)));
  const out = new Float32Array(steps * size);
  for (let step = 0; step < steps; step += 1) {
    const share = step / (steps - 1);
    const straight = Math.abs(Math.sin(angle)) < 1e-4;
    const a = straight ? 1 - share : Math.sin((1 - share) * angle) / Math.sin(angle);
    const b = straight ? share : Math.sin(share * angle) / Math.sin(angle);
    for (let i = 0; i < size; i += 1) out[step * size + i] = a * z0[i] + b * z1[i];
  }
  return out;
}

/** The standard normal's quantile of a share in (0, 1), by Wichura's AS 241 (PPND16), to 1e-15. */
export function quantile(share) {
  const q = share - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(r, A)) / polynomial(r, B);
  }
  let r = Math.sqrt(-Math.log(q < 0 ? share : 1 - share));
  const tail =
    r <= 5 ? ((r -= 1.6), polynomial(r, C) / polynomial(r, D)) : ((r -= 5), polynomial(r, E) / polynomial(r, F));
  return q < 0 ? -tail : tail;
}

function polynomial(x, coefficients) {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
}

const A = [
  3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
  67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
];
const B = [
  1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867, 39307.89580009271061,
  28729.085735721942674, 5226.495278852854561,
];
const C = [
  1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504, 1.27045825245236838258,
  0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
];
const D = [
  1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
  0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9,
];
const E = [
  6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123, 0.026532189526576123093,
  0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
];
const F = [
  1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
  1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
];
