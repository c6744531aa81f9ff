// What is said where there is nothing to show, with what can be done about it.

import { button, byId, make } from "./dom.js";

const TITLES = {
  unreachable: "The service cannot be reached.",
  no_release: "There is nothing to search in yet.",
  body_too_large: "This photo is too large.",
  not_an_image: "This is not a photo.",
  unsupported: "This kind of photo cannot be read.",
  unknown_listing: "This listing is gone.",
};
const OF_THE_PHOTO = new Set([
  "body_too_large",
  "not_an_image",
  "unsupported",
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
    ...(action ? [button(action.label, action.run)] : []),
  );
  place.hidden = false;
}

export function sayNothing() {
  byId("message").hidden = true;
  byId("message").replaceChildren();
}

/** `ways` has again() and choose(), of which one can help. */
export function sayRefused({ code, message }, { again, choose }) {
  const action = OF_THE_PHOTO.has(code)
    ? { label: "Choose another photo", run: choose }
    : { label: "Try again", run: again };
  say(TITLES[code] ?? "That did not work.", message, action, "error");
}
