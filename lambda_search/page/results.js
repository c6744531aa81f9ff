// The grid of listings, and what holds its place while they come.

import { addressOf } from "./address.js";
import { button, byId, make } from "./dom.js";
import { alike, cosine, photoUrl, price, sameItem } from "./text.js";

const OTHERS = 4; // of a listing's photos, beside the one that is nearest
const FIRST_SEEN = 12; // photos that are fetched at once; the rest when they come near
const RETRY_MS = 1500;
const list = byId("results");

// Other photos are a request each, so only of cards that are on the screen.
const onScreen = new IntersectionObserver((entries) => {
  for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
    onScreen.unobserve(target);
    fillOthers(target);
  }
});

/** `actions` has open(id); `steering` like(listing) and dislike(listing), where a search can be steered. */
export function show(results, actions, steering) {
  const kept = new Map([...list.querySelectorAll("img[data-of]")].map((image) => [image.dataset.of, image]));
  list.replaceChildren(...results.map((found, place) => card(found, place, kept, actions, steering)));
  stopLoading();
}

/** Cards of the same size without anything in them, or, where there are some, those dimmed. */
export function showLoading(count) {
  list.setAttribute("aria-busy", "true");
  if (list.children.length) return;
  const empty = () =>
    make(
      "li",
      { class: "card waiting", "aria-hidden": "true" },
      make("div", { class: "photo" }),
      make("div", { class: "texts" }),
    );
  list.replaceChildren(...Array.from({ length: count }, empty));
}

export function isLoading() {
  return list.hasAttribute("aria-busy");
}

export function areThere() {
  return list.querySelector(".card:not(.waiting)") !== null;
}

/** What was there before stays. */
export function stopLoading() {
  list.removeAttribute("aria-busy");
}

export function clear() {
  stopLoading();
  list.replaceChildren();
}

function card(found, place, kept, actions, steering) {
  const image = kept.get(found.photos[0]) ?? photo(found.photos[0], place);
  const open = make(
    "button",
    {
      type: "button",
      class: "photo",
      "aria-label": `Details of ${found.title}${sameItem(found) ? ", same item likely" : ""}`,
      on: { click: () => actions.open(found.product_id) },
    },
    image,
    badge(found),
  );
  const texts = make(
    "div",
    { class: "texts" },
    make("h3", { class: "text", title: found.title }, found.title),
    make("p", { class: "price" }, price(found)),
    make("p", { class: "quiet text one-line" }, ...placed(found)),
    found.similarity === undefined ? null : likeness(found),
    others(found),
  );
  return make("li", { class: "card" }, open, texts, acts(found, steering));
}

function photo(path, place) {
  const image = make("img", {
    alt: "",
    width: 224,
    height: 224,
    decoding: "async",
    loading: place < FIRST_SEEN ? "eager" : "lazy",
  });
  if (path) {
    const again = () => setTimeout(() => (image.src = photoUrl(path)), RETRY_MS);
    image.addEventListener("error", again, { once: true });
    image.src = photoUrl(path);
    image.dataset.of = path;
  }
  return image;
}

function placed(found) {
  const parts = [found.category.at(-1), found.location].filter(Boolean);
  return parts.flatMap((part, at) => [at ? " · " : "", make("bdi", {}, part)]);
}

function badge(found) {
  return sameItem(found) ? make("span", { class: "badge" }, "Same item likely") : null;
}

function likeness(found) {
  const level = make("i", { class: "level", "aria-hidden": "true" }, make("b"));
  level.firstChild.style.width = `${Math.max(0, Math.min(1, found.similarity)) * 100}%`;
  return make(
    "p",
    { class: "alike" },
    level,
    `${alike(found)} `,
    make("span", { class: "quiet" }, cosine(found.similarity)),
  );
}

function others(found) {
  const place = make("p", { class: "others", "aria-hidden": "true" });
  place.photos = found.photos.slice(1);
  onScreen.observe(place);
  return place;
}

function fillOthers(place) {
  const shown = place.photos.slice(0, OTHERS);
  const more = place.photos.length - shown.length;
  place.append(
    ...shown.map((path) => make("img", { src: photoUrl(path), alt: "", width: 36, height: 36 })),
    more > 0 ? make("span", { class: "quiet" }, `+${more}`) : "",
  );
}

function acts(found, steering) {
  const { title } = found;
  const href = addressOf({ listing: found.product_id });
  const link = make("a", { href, class: "button", "aria-label": `More like ${title}` }, "More like this");
  if (!steering) return make("div", { class: "acts" }, link);
  const steer = (name, direction) =>
    button("", () => steering[name](found), {
      class: name,
      "aria-label": `${direction} in the direction of ${title}`,
      title: `${direction} in this direction`,
    });
  return make("div", { class: "acts" }, link, steer("like", "More"), steer("dislike", "Less"));
}
