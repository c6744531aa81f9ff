// Shows what is searched with: photos with their crop, or a listing.

import { addressOf } from "./address.js";
import { cropper } from "./crop.js";
import { button, byId, make } from "./dom.js";
import { MOST_PHOTOS } from "./photos.js";
import { photoUrl, price } from "./text.js";

const place = byId("query");
let isCropping = false;
let shown = { urls: "", cropping: null }; // what is there now

/** `actions` has add, remove(index), crop(box or null), and open(listing). */
export function showPhotos(photos, crop, actions) {
  const urls = photos.map((photo) => photo.url).join(" ");
  isCropping = photos[0].isShown && (isCropping || crop !== null);
  if (isCropping && shown.cropping && shown.urls === urls) {
    shown.cropping.show(crop); // a new one would take the focus away
    return;
  }
  const cropping = isCropping ? cropper(photos[0].url, crop, actions.crop) : null;
  const hadFocus = place.contains(document.activeElement);
  shown = { urls, cropping };
  place.replaceChildren(
    cropping?.element ?? preview(photos[0], "asked", "Your photo"),
    make("div", { class: "row" }, cropButton(photos, crop, actions), addButton(photos, actions), anew()),
    allOf(photos, actions),
  );
  place.hidden = false;
  if (hadFocus) place.querySelector("button")?.focus();
}

function cropButton(photos, crop, actions) {
  const turn = () => {
    isCropping = !isCropping;
    if (crop || !isCropping) actions.crop(null);
    showPhotos(photos, null, actions);
  };
  return photos[0].isShown && button("Crop", turn, { "aria-pressed": isCropping });
}

/** Where there are several: each can be taken out again. */
function allOf(photos, actions) {
  if (photos.length === 1) return "";
  const items = photos.map((photo, index) => photoWithRemove(photo, index, actions));
  return make("ul", { class: "row", "aria-label": "Photos of the item" }, ...items);
}

export function showListing(listing, actions) {
  forget();
  place.replaceChildren(
    make("img", { class: "asked", src: listing.photos.length ? photoUrl(listing.photos[0]) : "", alt: "" }),
    make(
      "div",
      {},
      make("p", {}, "Like ", make("strong", { class: "clamped" }, listing.title)),
      make("p", { class: "price" }, price(listing)),
    ),
    make(
      "div",
      { class: "row" },
      button("Details", () => actions.open(listing.product_id)),
      anew(),
    ),
  );
  place.hidden = false;
}

export function hide() {
  forget();
  place.replaceChildren();
  place.hidden = true;
}

function forget() {
  isCropping = false;
  shown = { urls: "", cropping: null };
}

/** The photo, or its name where this browser cannot show it. */
function preview(photo, kind, alt) {
  if (photo.isShown) return make("img", { class: kind, src: photo.url, alt });
  return make("p", { class: `${kind} unshown quiet text` }, photo.name);
}

function addButton(photos, actions) {
  return (
    photos.length < MOST_PHOTOS &&
    button("Add a photo", actions.add, { title: "Another photo of the same item" })
  );
}

function anew() {
  return make("a", { href: "./", class: "button" }, "New search");
}

function photoWithRemove(photo, index, actions) {
  const label = `Remove photo ${index + 1}`;
  return make(
    "li",
    { class: "small" },
    preview(photo, "", `Photo ${index + 1}`),
    button("×", () => actions.remove(index), { "aria-label": label, title: label }),
  );
}

/** Photos of the release to search with, on the start page. */
export function showSamples(paths) {
  const items = paths.map((path, at) => {
    const href = addressOf({ sample: String(at + 1) });
    const image = make("img", { src: photoUrl(path), alt: "", width: 96, height: 96 });
    return make("li", {}, make("a", { href, "aria-label": `Sample photo ${at + 1}` }, image));
  });
  byId("samples").hidden = !items.length;
  byId("samples")
    .querySelector("ul")
    .replaceChildren(...items);
}
