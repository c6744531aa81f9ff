// What narrows and steers a search, each with a way to take it back.

import { button, byId, make } from "./dom.js";
import { rangeText } from "./filters.js";

/** `changes` has refine(filters) and change(state); `titleOf(id)` names a listing. */
export function showChips(state, titleOf, { refine, change }) {
  const chips = [...ofFilters(state.filters, refine), ...ofSteering(state, titleOf, change)];
  byId("chips").replaceChildren(...chips);
  byId("chips").hidden = !chips.length || !state.query;
}

function ofFilters({ category, price_min: low, price_max: high, location, words }, refine) {
  return [
    category.length && chip(category.at(-1), () => refine({ category: [] })),
    (low !== null || high !== null) &&
      chip(rangeText(low, high), () => refine({ price_min: null, price_max: null })),
    location && chip(location, () => refine({ location: "" })),
    words && chip(`“${words}”`, () => refine({ words: "" })),
  ].filter(Boolean);
}

function ofSteering(state, titleOf, change) {
  return [
    ["like", "More"],
    ["dislike", "Less"],
  ].flatMap(([direction, word]) =>
    state[direction].map((id) => {
      const without = state[direction].filter((other) => other !== id);
      return chip(`${word}: ${titleOf(id)}`, () => change({ [direction]: without }));
    }),
  );
}

function chip(label, remove) {
  const forget = () => {
    byId("found-title").focus(); // this chip goes
    remove();
  };
  return make(
    "li",
    {},
    button(make("bdi", {}, label), forget, { class: "chip", "aria-label": `Remove: ${label}`, title: label }),
  );
}
