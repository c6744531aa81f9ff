// Listings that were seen in this tab, so that they need not be asked for twice.

import * as service from "./service.js";

const known = new Map();

export function remember(listings) {
  for (const listing of listings) {
    if (!known.has(listing.product_id)) known.set(listing.product_id, listing);
  }
}

export const isKnown = (id) => known.has(id);
export const titleOf = (id) => known.get(id)?.title ?? "a listing";

/** With its description and all of its photos. */
export async function whole(id) {
  if (known.get(id)?.description === undefined) known.set(id, (await service.listing(id)).listing);
  return known.get(id);
}

/** There is a newer release: what was known of the one before may be untrue. */
export function forgetAll() {
  known.clear();
}
