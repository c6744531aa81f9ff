// One listing with all that is known of it, over the page.

import { START, toAddress } from "./address.js";
import { button, byId, make } from "./dom.js";
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
  const href = toAddress({ ...START, query: { listing: listing.product_id } });
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
  const rows = [
    ["Category", listing.category.join(" / ")],
    ["Location", listing.location],
    ["Listed", listing.listed_at ? day(listing.listed_at) : ""],
    ["Id", listing.product_id],
  ];
  return make(
    "dl",
    {},
    ...rows
      .filter(([, value]) => value)
      .flatMap(([name, value]) => [
        make("dt", { class: "quiet" }, name),
        make("dd", { class: "text" }, value),
      ]),
  );
}

export function closeListing() {
  dialog.close();
}
