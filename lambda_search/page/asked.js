// The photos of each search by photos. They stay in this tab; an address only has their key.

import { sample } from "./service.js";

const photosOf = new Map();

const keyOf = (query) => (query.sample ? `sample ${query.sample}` : query.photos);

/** A query by these photos. */
export function queryBy(photos) {
  const key = crypto.getRandomValues(new Uint32Array(2)).join("-"); // none that was used before a reload
  photosOf.set(key, photos);
  return { photos: key };
}

/** The photos of a query; none where it is by a listing, undefined where this tab has not got them. */
export function photosIn(query) {
  return query?.listing ? [] : query && photosOf.get(keyOf(query));
}

/** As `photosIn`, with the sample fetched if need be. */
export async function fetchPhotos(query) {
  if (query.sample && !photosIn(query)) {
    const blob = await sample(query.sample);
    const url = URL.createObjectURL(blob);
    photosOf.set(keyOf(query), [{ blob, name: "sample.jpg", url, isShown: true, preparedMs: 0 }]);
  }
  return photosIn(query);
}
