// What is said where there is nothing to show, with what can be done about it.

import { START, same } from "./address.js";
import { button, byId, make } from "./dom.js";

const TITLES = {
  unreachable: "The service cannot be reached.",
  no_release: "There is nothing to search in yet.",
  body_too_large: "This photo is too large.",
  not_an_image: "This is not a photo.",
  unsupported: "This kind of photo cannot be read.",
  empty_file: "This file is empty.",
  truncated: "This photo is incomplete.",
  too_small: "This photo is too small.",
  too_many_pixels: "This photo is too large.",
  too_many_photos: "These are too many photos.",
  unreadable_file: "This file cannot be read.",
  bad_crop: "This part is too small.",
  unknown_listing: "This listing is gone.",
  unknown_sample: "This sample is gone.",
  invalid_request: "This cannot be searched for.",
};
const OF_THE_PHOTO = new Set([
  "body_too_large",
  "not_an_image",
  "unsupported",
  "unreadable_file",
  "empty_file",
  "truncated",
  "too_small",
  "too_many_pixels",
  "too_many_photos",
]);

/** `kind` is note or error; an error is read out at once. `action` is {label, run} or nothing. */
export function say(title, detail, action, kind = "note") {
  const place = byId("message");
  place.className = kind;
  place.setAttribute("role", kind === "error" ? "alert" : "note");
  place.replaceChildren(
    make("p", {}, make("strong", {}, title)),
    make("p", { class: "text" }, detail),
    ...(action ? [button(action.label, () => followed(action))] : []),
  );
  place.hidden = false;
  if (kind === "error") place.scrollIntoView({ block: "nearest" });
}

function followed(action) {
  byId("found-title").focus({ preventScroll: true }); // the button goes
  action.run();
}

export function sayNothing() {
  byId("message").hidden = true;
  byId("message").replaceChildren();
}

/**
 * `ways` has again(), choose(), start(), refine(filters), change(state), of which one can help with what the
 * service, or the browser, says of this state.
 */
export function sayRefused(refused, state, ways) {
  say(TITLES[refused.code] ?? "That did not work.", refused.message, wayOut(refused, state, ways), "error");
}

function wayOut({ code, message }, state, ways) {
  if (code === "bad_crop" || (code === "too_small" && state.crop))
    return { label: "Use the whole photo", run: () => ways.change({ crop: null }) };
  if (OF_THE_PHOTO.has(code)) return { label: "Choose another photo", run: ways.choose };
  if (code === "unknown_sample") return { label: "New search", run: ways.start };
  if (code === "unknown_listing") return withoutGone(message, state, ways);
  if (code === "invalid_request" && !same(state.filters, START.filters)) return clearing(ways.refine);
  return { label: "Try again", run: ways.again };
}

export const clearing = (refine) => ({ label: "Clear the filters", run: () => refine(START.filters) });

/** The listing that is gone is searched with, or steers the search. */
function withoutGone(message, { like, dislike }, ways) {
  const stays = (id) => !message.includes(id);
  if ([...like, ...dislike].every(stays)) return { label: "New search", run: ways.start };
  const run = () => ways.change({ like: like.filter(stays), dislike: dislike.filter(stays) });
  return { label: "Search without it", run };
}
