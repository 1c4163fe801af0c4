// Reads tensors out of a safetensors file.

const decoder = new TextDecoder();

/** The tensors of a file by name: {dtype, shape, data_offsets}, and where their data begins. */
export function readHeader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > 1e6 || 8 + length > bytes.byteLength) throw new Error("The weights are damaged: fetch them again.");
  const tensors = JSON.parse(decoder.decode(bytes.subarray(8, 8 + length)));
  return { tensors, start: 8 + length };
}

/** A tensor's values, whichever of the three types of floats they are stored in: Float64Array. */
export function readTensor(bytes, { tensors, start }, name) {
  const {
    dtype,
    data_offsets: [from, to],
  } = tensors[name];
  const view = new DataView(bytes.buffer, bytes.byteOffset + start + from, to - from);
  if (dtype === "F32") return Float64Array.from({ length: (to - from) / 4 }, (_, i) => view.getFloat32(4 * i, true));
  const convert = { F16: float16, BF16: bfloat16 }[dtype];
  if (!convert) throw new Error(`A tensor of the weights is of a type that is not known here, ${dtype}.`);
  return Float64Array.from({ length: (to - from) / 2 }, (_, i) => convert(view.getUint16(2 * i, true)));
}

function float16(bits) {
  const sign = bits & 0x8000 ? -1 : 1,
    exponent = (bits >> 10) & 31,
    fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

const pair = new DataView(new ArrayBuffer(4));

function bfloat16(bits) {
  pair.setUint32(0, bits << 16);
  return pair.getFloat32(0);
}
