// Between arrays of pixels, (n, c, h, w) in [0, 1], and canvases.

const PADDING = 2; // pixels between the images of a grid, as `genzoo generate` has them

function imageData(images, i, [channels, height, width]) {
  const area = height * width;
  const data = new ImageData(width, height);
  for (let p = 0; p < area; p += 1) {
    for (let c = 0; c < 3; c += 1) {
      data.data[4 * p + c] = Math.round(255 * images[(i * channels + (channels === 3 ? c : 0)) * area + p]);
    }
    data.data[4 * p + 3] = 255;
  }
  return data;
}

/** Paint image i on a canvas of its size. */
export function paint(canvas, images, i, shape) {
  if (canvas.width !== shape[2] || canvas.height !== shape[1]) [canvas.width, canvas.height] = [shape[2], shape[1]];
  canvas.getContext("2d").putImageData(imageData(images, i, shape), 0, 0);
}

/** A canvas for one image of a shape, with words that say what it shows. */
export function canvasFor([, height, width], label) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  canvas.className = "image";
  if (label) {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
  }
  return canvas;
}

/** Paint images side by side on one canvas, as square as they can be, or in rows of `columns`. */
export function paintGrid(canvas, images, n, shape, { columns = Math.ceil(Math.sqrt(n)), padding = PADDING } = {}) {
  const [, height, width] = shape;
  canvas.width = columns * (width + padding) - padding;
  canvas.height = Math.ceil(n / columns) * (height + padding) - padding;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < n; i += 1) {
    const column = i % columns,
      row = Math.floor(i / columns);
    context.putImageData(imageData(images, i, shape), column * (width + padding), row * (height + padding));
  }
}

/** Save a canvas as a PNG file. */
export async function save(canvas, name) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The pixels of a canvas's picture as a net takes them: (c, h, w), grey by ITU-R 601 as Pillow has it. */
export function pixelsOf(context, [channels, height, width]) {
  const { data } = context.getImageData(0, 0, width, height);
  const area = height * width;
  const out = new Float32Array(channels * area);
  for (let p = 0; p < area; p += 1) {
    const [red, green, blue] = [data[4 * p], data[4 * p + 1], data[4 * p + 2]];
    if (channels === 1) out[p] = (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
    else [out[p], out[area + p], out[2 * area + p]] = [red / 255, green / 255, blue / 255];
  }
  return out;
}

const MOST_BYTES = 50_000_000;

/** The pixels of a picture file, cropped to its middle and resized: (c, h, w). */
export async function pixelsOfFile(file, shape) {
  if (file.size > MOST_BYTES) throw new Error(`${file.name} has more than 50 MB: choose a smaller picture.`);
  const [, height, width] = shape;
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Error(`${file.name} is no picture that this browser reads: choose a PNG, JPEG, GIF or WebP file.`);
  }
  const scale = Math.min(picture.width / width, picture.height / height);
  const [w, h] = [Math.max(1, Math.round(scale * width)), Math.max(1, Math.round(scale * height))];
  const [x, y] = [Math.floor((picture.width - w) / 2), Math.floor((picture.height - h) / 2)];
  const resized = await createImageBitmap(picture, x, y, w, h, {
    resizeWidth: width,
    resizeHeight: height,
    resizeQuality: "high",
  });
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // behind what is transparent
  context.fillRect(0, 0, width, height);
  context.drawImage(resized, 0, 0);
  return pixelsOf(context, shape);
}

/** Pixels as text for an address, at 256 levels. */
export function packPixels(pixels) {
  const bytes = Uint8Array.from(pixels, (value) => Math.round(255 * value));
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Pixels of such text; null where it is none of `size` pixels. */
export function unpackPixels(text, size) {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return binary.length === size ? Float32Array.from(binary, (letter) => letter.charCodeAt(0) / 255) : null;
  } catch {
    return null;
  }
}
