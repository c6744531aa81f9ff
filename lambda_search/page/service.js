// Asks the service. Whatever goes wrong becomes a Refused with a code and words for the reader.

export class Refused extends Error {
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}

const UNREACHABLE =
  "There was no answer. Check that you are online and that the service runs, then try again.";
const TOO_LARGE = "The photo is larger than the service takes. Choose a smaller one.";

async function ask(path, options = {}) {
  const response = await fetched(path, options);
  if (response.ok) return response;
  let body = null;
  try {
    body = await response.json();
  } catch {
    // A gateway answers in its own words, or none.
  }
  if (body?.code) throw new Refused(body.code, body.detail);
  if (response.status === 413) throw new Refused("body_too_large", TOO_LARGE);
  throw new Refused(
    "unexpected",
    `The service answered with status ${response.status}. Try again in a minute.`,
  );
}

async function fetched(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("unreachable", UNREACHABLE);
  }
}

async function json(path, options) {
  const response = await ask(path, options);
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("unexpected", "The answer was cut off, or is not of this service. Try again.");
  }
}

/** `again` passes by what the browser has kept of it. */
export const catalogue = ({ again = false } = {}) =>
  json("catalogue", { cache: again ? "reload" : "default" });
export const recent = () => json("listings");
export const listing = (id) => json(`listings/${encodeURIComponent(id)}`);
export const sample = async (number) => (await ask(`samples/${encodeURIComponent(number)}`)).blob();

/** The fields of a search as the service names them, without those that say nothing. */
export function fieldsOf(state) {
  const given = Object.entries(state.filters).filter(([, value]) => value !== null && value.length !== 0);
  const fields = { k: state.k };
  if (given.length) fields.filters = Object.fromEntries(given);
  if (state.like.length) fields.like = state.like;
  if (state.dislike.length) fields.dislike = state.dislike;
  if (state.query.listing) fields.product_id = state.query.listing;
  else if (state.crop) fields.crop = state.crop;
  return fields;
}

/** `photos` are those of the query, none where it is a listing. */
export function search(state, photos, signal) {
  const fields = fieldsOf(state);
  if (!photos.length) {
    const headers = { "Content-Type": "application/json" };
    return json("search", { method: "POST", headers, body: JSON.stringify(fields), signal });
  }
  return json("search", { method: "POST", body: formOf(fields, photos), signal });
}

export function classify(photo, crop) {
  return json("classify", { method: "POST", body: formOf(crop ? { crop } : {}, [photo]) });
}

function formOf(fields, photos) {
  const form = new FormData();
  for (const photo of photos) form.append("photo", photo.blob, photo.name);
  for (const [name, value] of Object.entries(fields)) form.append(name, JSON.stringify(value));
  return form;
}
