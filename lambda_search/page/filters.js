// The filters: a tree of categories with counts, prices under their histogram, a place.

import { byId, make, settled } from "./dom.js";
import { money, plural, whole } from "./text.js";

const SETTLED_MS = 300;
// What the service takes of a path.
const MOST_LEVELS = 10;
const LONGEST_NAME = 500;
let catalogue = null;
let change = () => {};
const changePrices = settled(() => change(pricesChosen()), SETTLED_MS);

/** `onChange` gets the filters that differ, by name. */
export function install(onChange) {
  change = onChange;
  byId("location").addEventListener("change", (event) => change({ location: event.target.value }));
  for (const slider of [byId("price-min"), byId("price-max")]) {
    slider.addEventListener("input", () => showRange(slider));
    slider.addEventListener("change", () => changePrices()); // a key that is held down makes many steps
  }
  const isWide = matchMedia("(min-width: 60rem)");
  const follow = () => (byId("filters").open = isWide.matches);
  isWide.addEventListener("change", follow);
  follow();
}

export function setCatalogue(found) {
  catalogue = found;
  const bins = found.prices.bins;
  const most = Math.max(...bins.map((bin) => bin.listings));
  byId("histogram").replaceChildren(
    ...bins.map((bin) => {
      const bar = make("i");
      bar.style.height = `${bin.listings ? Math.max(4, (100 * bin.listings) / most) : 0}%`;
      return bar;
    }),
  );
  for (const id of ["price-min", "price-max"]) byId(id).max = bins.length;
  byId("price").hidden = bins.length < 2;
  byId("place").hidden = found.locations.length < 2;
}

export function show(filters) {
  changePrices.cancel();
  if (!catalogue) return;
  const tree = byId("category");
  const hadFocus = tree.contains(document.activeElement);
  tree.replaceChildren(treeOf(choosable(catalogue.categories), filters.category));
  if (hadFocus) tree.querySelector("[aria-pressed=true]")?.focus();
  showPlaces(filters.location);
  showPrices(filters);
  const active = [
    filters.category.length,
    filters.price_min !== null || filters.price_max !== null,
    filters.location,
  ];
  const count = active.filter(Boolean).length;
  byId("filters-count").textContent = count ? `(${count} on)` : "";
}

function choosable(categories) {
  return categories.map(({ path, listings }) => {
    const tooLong = path.findIndex((name) => name.length > LONGEST_NAME);
    return { path: path.slice(0, tooLong < 0 ? MOST_LEVELS : Math.min(tooLong, MOST_LEVELS)), listings };
  });
}

/** The root, and below each part of the chosen path what it has. */
function treeOf(categories, chosen) {
  const total = categories.reduce((sum, category) => sum + category.listings, 0);
  const all = entry("All", [], total, chosen.length === 0, null);
  return make("ul", { class: "tree" }, make("li", {}, all), ...levelOf(categories, [], chosen));
}

function levelOf(categories, above, chosen) {
  const counts = new Map();
  for (const { path, listings } of categories) {
    if (path.length > above.length && above.every((name, depth) => path[depth] === name)) {
      const name = path[above.length];
      counts.set(name, (counts.get(name) ?? 0) + listings);
    }
  }
  return [...counts].map(([name, listings]) => nodeOf(categories, [...above, name], listings, chosen));
}

function nodeOf(categories, path, listings, chosen) {
  const depth = path.length;
  const isOnWay = path.every((name, place) => chosen[place] === name);
  const hasBelow = categories.some(
    (one) => one.path.length > depth && path.every((name, place) => one.path[place] === name),
  );
  const below = isOnWay && hasBelow ? make("ul", {}, ...levelOf(categories, path, chosen)) : null;
  const name = entry(
    path[depth - 1],
    path,
    listings,
    isOnWay && chosen.length === depth,
    hasBelow ? isOnWay : null,
  );
  return make("li", {}, name, below);
}

function entry(label, path, listings, isChosen, isExpanded) {
  const count = make("span", { class: "count" }, whole(listings));
  return make(
    "button",
    {
      type: "button",
      "aria-label": `${label}, ${plural(listings, "listing")}`,
      "aria-pressed": isChosen,
      "aria-expanded": isExpanded,
      on: { click: () => change({ category: path }) },
    },
    make("span", { class: "text" }, label),
    count,
  );
}

function showPlaces(chosen) {
  const known = catalogue.locations.map((one) => [
    one.name,
    `${one.name || "Unknown"} (${whole(one.listings)})`,
  ]);
  const isKnown = !chosen || known.some(([name]) => name.toLowerCase() === chosen.toLowerCase());
  const options = [
    ["", "Anywhere"],
    ...known.filter(([name]) => name),
    ...(isKnown ? [] : [[chosen, chosen]]),
  ];
  byId("location").replaceChildren(
    ...options.map(([value, text]) =>
      make("option", { value, selected: value.toLowerCase() === chosen.toLowerCase() }, text),
    ),
  );
}

/** The prices at which a bin begins or ends. */
const edges = () => [catalogue.prices.bins[0].from, ...catalogue.prices.bins.map((bin) => bin.to)];

function showPrices({ price_min: low, price_max: high }) {
  if (byId("price").hidden) return;
  const stops = edges();
  byId("price-min").value =
    low === null ? 0 : stops.findLastIndex((stop, place) => stop <= low || place === 0);
  const last = stops.findIndex((stop) => high !== null && stop >= high);
  byId("price-max").value = last < 0 ? stops.length - 1 : last;
  showRange(byId("price-min"), low, high);
}

function pricesChosen() {
  const [from, to] = [byId("price-min"), byId("price-max")].map((slider) => Number(slider.value));
  const stops = edges();
  return { price_min: from ? stops[from] : null, price_max: to < stops.length - 1 ? stops[to] : null };
}

/** What the sliders stand at; the one that was moved stops before the other. */
function showRange(moved, low, high) {
  const [from, to] = [byId("price-min"), byId("price-max")];
  if (Number(from.value) >= Number(to.value)) {
    moved.value = moved === from ? Number(to.value) - 1 : Number(from.value) + 1;
  }
  const chosen = low === undefined ? pricesChosen() : { price_min: low, price_max: high };
  const text = (amount, none) => (amount === null ? none : money(amount, catalogue.currency));
  byId("price-text").textContent = rangeText(chosen.price_min, chosen.price_max);
  from.setAttribute("aria-valuetext", text(chosen.price_min, "any"));
  to.setAttribute("aria-valuetext", text(chosen.price_max, "any"));
  [...byId("histogram").children].forEach((bar, place) => {
    bar.className = place >= Number(from.value) && place < Number(to.value) ? "in" : "";
  });
}

export function rangeText(low, high) {
  const text = (amount) => money(amount, catalogue?.currency);
  if (low === null && high === null) return "any";
  if (low === null) return `up to ${text(high)}`;
  return high === null ? `from ${text(low)}` : `${text(low)} to ${text(high)}`;
}
