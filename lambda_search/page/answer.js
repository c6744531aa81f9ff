// Shows an answer: its listings, what the photo looks like, and how good the match is.

import { START, same } from "./address.js";
import { announce, button, byId, make } from "./dom.js";
import { say, sayNothing } from "./messages.js";
import * as results from "./results.js";
import { percent, plural } from "./text.js";

const WORTH_SAYING = 0.25; // as the probability of a category

/** `ways` has open(id), like(listing), dislike(listing), refine(filters); `mostListings` is the service's. */
export function showAnswer(state, answer, mostListings, ways) {
  const { results: found, category } = answer;
  const title = found.length ? `${plural(found.length, "listing")}, most alike first` : "No listings";
  byId("found-title").textContent = title;
  results.show(found, ways, ways);
  showGuess(category, state.filters, ways);
  byId("more").hidden = found.length < state.k || state.k >= mostListings;
  sayHowGood(state, answer, ways);
  announce(found.length ? `${title}. First: ${found[0].title}` : "No listings match.");
}

export function clearAnswer() {
  results.clear();
  sayNothing();
  byId("guess").hidden = true;
  byId("more").hidden = true;
}

function showGuess(category, filters, { refine }) {
  byId("guess").hidden = !category || category.probability < WORTH_SAYING;
  if (byId("guess").hidden) return;
  const { path, probability } = category;
  const isChosen = same(filters.category, path);
  const only = isChosen ? "" : button("Only this category", () => refine({ category: path }));
  const label = `Looks like: ${path.join(" / ")} (${percent(probability)})`;
  byId("guess").replaceChildren(make("span", { class: "text" }, label), only);
}

function sayHowGood(state, { results: found, match }, { refine }) {
  // Only for such searches was it measured which match is good.
  const isByPhotosAlone = !state.query.listing && !state.like.length && !state.dislike.length;
  if (!found.length) sayEmpty(state, refine);
  else if (match?.good === false && isByPhotosAlone) {
    say("No good match.", "Nothing here looks just like it. These are the nearest.");
  } else sayNothing();
}

function sayEmpty({ filters }, refine) {
  if (same(filters, START.filters)) say("Nothing is left.", "There is no other listing to compare with.");
  else {
    const clear = { label: "Clear the filters", run: () => refine(START.filters) };
    say("Nothing matches.", "No listing has all that the filters ask for.", clear);
  }
}
