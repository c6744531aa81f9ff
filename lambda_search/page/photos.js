// Makes photos small in the browser, so that a large one is on its way in moments.

import { Refused } from "./service.js";

export const MOST_PHOTOS = 5;
const LARGEST_SIDE = 1024; // pixels; the network sees fewer
const SHORTEST_SIDE = 32; // the service takes no shorter ones
const AS_IT_IS_BYTES = 400_000; // so small that making it smaller gains nothing
const LARGEST_FILE_BYTES = 100_000_000;
const QUALITY = 0.85;

/** Photos beside `others`, prepared one after the other, since a large one takes much memory. */
export async function preparedAll(files, others, mostBytes) {
  if (others + files.length > MOST_PHOTOS) {
    const rule = `At most ${MOST_PHOTOS} photos of one item can be searched with.`;
    throw new Refused("too_many_photos", rule);
  }
  const photos = [];
  for (const file of files) photos.push(await prepared(file, mostBytes));
  return photos;
}

/**
 * A photo as it is sent: {blob, name, url, isShown, preparedMs}. What this browser cannot decode, HEIC in
 * most of them, is sent as it is if the service takes that many bytes; it also says best what is wrong.
 */
async function prepared(file, mostBytes) {
  const begun = performance.now();
  if (file.size > LARGEST_FILE_BYTES) throw tooLarge(file, LARGEST_FILE_BYTES);
  const held = await inMemory(file);
  const image = await opened(held);
  if (!image && file.size > mostBytes) throw tooLarge(file, mostBytes);
  const blob = image && mustShrink(held, image) ? await scaled(held, image) : held;
  URL.revokeObjectURL(image?.src);
  const name = blob === held ? file.name || "photo" : "photo.jpg";
  return {
    blob,
    name,
    url: URL.createObjectURL(blob),
    isShown: image !== null,
    preparedMs: performance.now() - begun,
  };
}

/** Whatever becomes of the file on its disk. */
async function inMemory(file) {
  try {
    return new Blob([await file.arrayBuffer()], { type: file.type });
  } catch {
    const what = `${file.name || "The file"} cannot be read: it is a folder, or was changed meanwhile.`;
    throw new Refused("unreadable_file", `${what} Choose it again.`);
  }
}

function tooLarge(file, mostBytes) {
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  const size = `${file.name || "The photo"} has ${megabytes(file.size)}`;
  const rule = `at most ${megabytes(mostBytes)} of a file of this kind can be read`;
  return new Refused("body_too_large", `${size}; ${rule}. Choose a smaller one, or a JPEG.`);
}

function mustShrink(file, image) {
  const kept = ["image/jpeg", "image/png", "image/webp"].includes(file.type) && file.size <= AS_IT_IS_BYTES;
  return !kept || Math.max(image.naturalWidth, image.naturalHeight) > LARGEST_SIDE;
}

/** The image, upright, its pixels not decoded yet; null where this browser cannot read it. */
function opened(file) {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(image.naturalWidth ? image : null);
    image.onerror = () => {
      URL.revokeObjectURL(image.src);
      resolve(null);
    };
    image.src = URL.createObjectURL(file);
  });
}

/** JPEG. A photo that is decoded at an eighth, two eighths and so on may end a little smaller. */
async function scaled(file, image) {
  const pixels = (await decodedSmall(file)) ?? image;
  const [from, down] = [
    pixels.displayWidth ?? image.naturalWidth,
    pixels.displayHeight ?? image.naturalHeight,
  ];
  const smallest = Math.min(1, SHORTEST_SIDE / Math.min(from, down)); // of a long, thin photo
  const share = Math.max(smallest, Math.min(1, LARGEST_SIDE / Math.max(from, down)));
  const [width, height] = [from, down].map((side) => Math.max(1, Math.round(side * share)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { alpha: false });
  context.fillStyle = "#fff"; // what is transparent is white to the service too
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "medium"; // by mip levels
  context.drawImage(pixels, 0, 0, width, height);
  pixels.close?.();
  return new Promise((resolve, reject) => {
    const done = (blob) =>
      blob ? resolve(blob) : reject(new Refused("not_an_image", "This photo cannot be read here."));
    canvas.toBlob(done, "image/jpeg", QUALITY);
  });
}

/** Upright pixels of a JPEG, decoded at a part of its size: a third of the time. Null where that cannot be. */
async function decodedSmall(file) {
  if (file.type !== "image/jpeg" || !("ImageDecoder" in globalThis)) return null;
  const most = Math.round(1.3 * LARGEST_SIDE); // what is chosen is the next size below
  const decoder = new ImageDecoder({
    data: file.stream(),
    type: file.type,
    desiredWidth: most,
    desiredHeight: most,
  });
  try {
    return (await decoder.decode()).image;
  } catch {
    return null; // the other decoder is more patient with damaged files
  } finally {
    decoder.close();
  }
}
