// Shows an answer: its listings, what the photo looks like, and how good the match is.

import { START, same } from "./address.js";
import { announce, button, byId, make } from "./dom.js";
import { clearing, say, sayNothing } from "./messages.js";
import * as results from "./results.js";
import { percent, plural } from "./text.js";

const LIKELY = 0.25; // of a category

/** `ways` has open(id), like(listing), dislike(listing), refine(filters); `mostListings` is the service's. */
export function showAnswer(state, answer, mostListings, ways) {
  const { results: found, category } = answer;
  const title = found.length ? `${plural(found.length, "listing")}, most alike first` : "No listings";
  byId("found-title").textContent = title;
  results.show(found, ways, ways);
  showGuess(category, state.filters, ways);
  byId("more").hidden = found.length < state.k || state.k >= mostListings;
  const note = sayHowGood(state, answer, ways);
  announce([title, note, found.length && `First: ${found[0].title}`].filter(Boolean).join(". "));
}

export function clearAnswer() {
  results.clear();
  sayNothing();
  byId("guess").hidden = true;
  byId("more").hidden = true;
}

/** Its room is kept free, so that nothing moves when it comes. */
export function awaitGuess() {
  if (!byId("guess").hidden) return;
  byId("guess").replaceChildren("Looks like …");
  byId("guess").hidden = false;
}

function showGuess(category, filters, { refine }) {
  byId("guess").hidden = !category;
  if (!category) return;
  const { path, probability } = category;
  const isChosen = same(filters.category, path);
  const only = isChosen ? "" : button("Only this category", () => refine({ category: path }));
  const label = `${probability < LIKELY ? "Perhaps" : "Looks like"}: ${path.join(" / ")} (${percent(probability)})`;
  byId("guess").replaceChildren(make("span", { class: "text" }, label), only);
}

/** Gives what it says, in short. */
function sayHowGood(state, { results: found, match }, { refine }) {
  // Only for such searches was it measured which match is good.
  const isByPhotosAlone = !state.query.listing && !state.like.length && !state.dislike.length;
  sayNothing();
  if (!found.length) return sayEmpty(state, refine);
  if (match?.good !== false || !isByPhotosAlone) return "";
  say("No good match.", "Nothing here looks just like it. These are the nearest.");
  return "No good match";
}

function sayEmpty({ filters }, refine) {
  if (same(filters, START.filters)) {
    say("Nothing is left.", "There is no other listing to compare with.");
    return "Nothing is left";
  }
  say("Nothing matches.", "No listing has all that the filters ask for.", clearing(refine));
  return "Nothing matches the filters";
}
