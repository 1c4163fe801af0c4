// Random numbers by position, bit for bit those of genzoo/sampling/noise.py: NumPy's Philox 4x64-10, whose key is the
// seed and a stream's number and whose counter is the image's place; then Box and Muller's transform.

const STREAMS = { latents: 0, mixture: 4 };
const ROUNDS = 10;
// The multipliers and Weyl constants of Salmon et al. 2011, as high and low halves.
const MULTIPLIER = [0xd2e7470e, 0xe14c6c93, 0xca5a8263, 0x95121157];
const WEYL = [0x9e3779b9, 0x7f4a7c15, 0xbb67ae85, 0x84caa73b];

// The high and the low half of a product of two 32-bit numbers; doubles are exact below 2^53.
const product = new Uint32Array(2);
function multiply(a, b) {
  const low = a * (b & 0xffff);
  const high = a * (b >>> 16) + Math.floor(low / 0x10000);
  product[0] = Math.floor(high / 0x10000);
  product[1] = Math.imul(a, b);
}

// The 128-bit product of two 64-bit numbers, as four 32-bit words from high to low.
const wide = new Uint32Array(4);
function multiplyWide(aHigh, aLow, bHigh, bLow) {
  multiply(aLow, bLow);
  wide[3] = product[1];
  let carry = product[0];
  multiply(aHigh, bLow);
  let middle = carry + product[1];
  const top = product[0] + Math.floor(middle / 0x100000000);
  middle %= 0x100000000;
  multiply(aLow, bHigh);
  middle += product[1];
  wide[2] = middle;
  carry = product[0] + Math.floor(middle / 0x100000000) + top;
  multiply(aHigh, bHigh);
  carry += product[1];
  wide[1] = carry;
  wide[0] = product[0] + Math.floor(carry / 0x100000000);
}

// The four 64-bit words of a place and a key, as eight 32-bit ones (high, low, ...).
const words = new Uint32Array(8);
function block(place, keyHigh, keyLow, stream) {
  let c0h = Math.floor(place / 0x100000000),
    c0l = place >>> 0,
    c1h = 0,
    c1l = 0,
    c2h = 0,
    c2l = 0,
    c3h = 0,
    c3l = 0;
  let k0h = keyHigh,
    k0l = keyLow,
    k1h = 0,
    k1l = stream;
  for (let round = 0; round < ROUNDS; round += 1) {
    multiplyWide(MULTIPLIER[0], MULTIPLIER[1], c0h, c0l);
    const h0h = wide[0],
      h0l = wide[1],
      l0h = wide[2],
      l0l = wide[3];
    multiplyWide(MULTIPLIER[2], MULTIPLIER[3], c2h, c2l);
    c0h = (wide[0] ^ c1h ^ k0h) >>> 0;
    c0l = (wide[1] ^ c1l ^ k0l) >>> 0;
    c1h = wide[2];
    c1l = wide[3];
    c2h = (h0h ^ c3h ^ k1h) >>> 0;
    c2l = (h0l ^ c3l ^ k1l) >>> 0;
    c3h = l0h;
    c3l = l0l;
    k0h = (k0h + WEYL[0] + (k0l + WEYL[1] > 0xffffffff ? 1 : 0)) >>> 0;
    k0l = (k0l + WEYL[1]) >>> 0;
    k1h = (k1h + WEYL[2] + (k1l + WEYL[3] > 0xffffffff ? 1 : 0)) >>> 0;
    k1l = (k1l + WEYL[3]) >>> 0;
  }
  words[0] = c0h;
  words[1] = c0l;
  words[2] = c1h;
  words[3] = c1l;
  words[4] = c2h;
  words[5] = c2l;
  words[6] = c3h;
  words[7] = c3l;
}

/** Rows `start` to `start + n` of a stream's table of `size` numbers in [0, 1): (n, size) Float64Array. */
export function uniforms(seed, stream, start, n, size) {
  const key = BigInt.asUintN(64, BigInt(seed));
  const keyHigh = Number(key >> 32n),
    keyLow = Number(key & 0xffffffffn);
  const ticks = Math.ceil(size / 4);
  const out = new Float64Array(n * size);
  for (let row = 0; row < n; row += 1) {
    for (let tick = 0; tick < ticks; tick += 1) {
      // NumPy counts before it draws.
      block((start + row) * ticks + tick + 1, keyHigh, keyLow, STREAMS[stream]);
      for (let k = 0; k < 4 && 4 * tick + k < size; k += 1) {
        out[row * size + 4 * tick + k] = (words[2 * k] * 2 ** 21 + (words[2 * k + 1] >>> 11)) * 2 ** -53;
      }
    }
  }
  return out;
}

/** Standard normal numbers of images `start` to `start + n` of a seed: (n, size) Float64Array of float32 values. */
export function normals(seed, start, n, size) {
  const pairs = Math.ceil(size / 2);
  const uniform = uniforms(seed, "latents", start, n, 2 * pairs);
  const out = new Float64Array(n * size);
  for (let row = 0; row < n; row += 1) {
    for (let i = 0; i < pairs; i += 1) {
      const radius = Math.sqrt(-2 * Math.log1p(-uniform[row * 2 * pairs + i]));
      const angle = 2 * Math.PI * uniform[row * 2 * pairs + pairs + i];
      out[row * size + i] = Math.fround(radius * Math.cos(angle));
      if (pairs + i < size) out[row * size + pairs + i] = Math.fround(radius * Math.sin(angle));
    }
  }
  return out;
}
