// One listing with all that is known of it, over the page.

import { addressOf } from "./address.js";
import { button, byId, definitions, make } from "./dom.js";
import { day, photoUrl, price } from "./text.js";

const dialog = byId("listing");

dialog.addEventListener("close", () => {
  if (history.state?.isDetails) history.back();
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // outside of what is in it
});

export function showListing(listing) {
  const [first, ...others] = listing.photos.map(photoUrl);
  const large = make("img", {
    class: "large",
    src: first ?? "",
    alt: `Photo of ${listing.title}`,
    width: 320,
    height: 320,
  });
  const choices = [first, ...others].map((url, place) =>
    button(make("img", { src: url, alt: "", width: 56, height: 56 }), () => (large.src = url), {
      "aria-label": `Photo ${place + 1}`,
    }),
  );
  const href = addressOf({ listing: listing.product_id });
  const likeThis = make("a", { class: "button strong", href }, "More like this");
  dialog.replaceChildren(
    make(
      "div",
      { class: "row close" },
      button("×", () => dialog.close(), { "aria-label": "Close" }),
    ),
    make(
      "div",
      { class: "two" },
      make("div", {}, large, others.length ? make("div", { class: "row choices" }, ...choices) : null),
      make(
        "div",
        {},
        make("h2", { id: "listing-title", class: "text" }, listing.title),
        make("p", { class: "price" }, price(listing)),
        facts(listing),
        make("p", { class: "text description" }, listing.description),
        make("div", { class: "row" }, likeThis),
      ),
    ),
  );
  if (!dialog.open) dialog.showModal();
}

function facts(listing) {
  return definitions([
    ["Category", listing.category.join(" / ")],
    ["Location", listing.location],
    ["Listed", listing.listed_at ? day(listing.listed_at) : ""],
    ["Id", listing.product_id],
  ]);
}

export function closeListing() {
  dialog.close();
}
