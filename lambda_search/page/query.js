// Shows what is searched with: photos with their crop, or a listing.

import { cropper } from "./crop.js";
import { button, byId, make } from "./dom.js";
import { MOST_PHOTOS } from "./photos.js";
import { photoUrl, price } from "./text.js";

const place = byId("query");
let isCropping = false;

/** `actions` has add, remove(index), crop(box or null), and open(listing). */
export function showPhotos(photos, crop, actions) {
  const [first, ...others] = photos;
  isCropping = first.isShown && (isCropping || crop !== null);
  const cropping = button(
    "Crop",
    () => {
      isCropping = !isCropping;
      if (crop) actions.crop(null);
      else showPhotos(photos, crop, actions);
      place.querySelector("[aria-pressed]").focus();
    },
    { "aria-pressed": isCropping },
  );
  const shown = isCropping ? cropper(first.url, crop, actions.crop) : preview(first, "asked", "Your photo");
  const more = others.map((photo, index) => photoWithRemove(photo, index + 1, actions));
  place.replaceChildren(
    shown,
    make("div", { class: "row" }, first.isShown && cropping, addButton(photos, actions), anew()),
    others.length ? make("ul", { class: "row", "aria-label": "More photos of the item" }, ...more) : "",
  );
  place.hidden = false;
}

export function showListing(listing, actions) {
  isCropping = false;
  place.replaceChildren(
    make("img", { class: "asked", src: listing.photos.length ? photoUrl(listing.photos[0]) : "", alt: "" }),
    make("p", {}, "Like ", make("strong", { class: "text" }, listing.title), ` ${price(listing)}`),
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
  isCropping = false;
  place.replaceChildren();
  place.hidden = true;
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
