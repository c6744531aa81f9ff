// A search as an address, so that it can be shared and Back works; and the address as a search.

export const FIRST_K = 24;

/**
 * What is asked for. `query` is null, {listing: id}, {sample: number} or {photos: key}, of photos
 * that only this tab has. `crop` is [left, top, right, bottom] in fractions of the first photo.
 */
export const START = Object.freeze({
  query: null,
  crop: null,
  filters: Object.freeze({ category: [], price_min: null, price_max: null, location: "", words: "" }),
  like: [],
  dislike: [],
  k: FIRST_K,
});

export function toAddress(state) {
  const { query, crop, filters } = state;
  const found = new URLSearchParams();
  if (query) {
    const [[kind, value]] = Object.entries(query);
    found.set(kind, value);
  }
  if (crop) found.set("crop", crop.map((part) => Number(part.toFixed(4))).join(","));
  filters.category.forEach((name) => found.append("category", name));
  for (const name of ["price_min", "price_max", "location", "words"]) {
    if (filters[name] !== null && filters[name] !== "") found.set(name, filters[name]);
  }
  for (const name of ["like", "dislike"]) state[name].forEach((id) => found.append(name, id));
  if (state.k !== FIRST_K) found.set("k", state.k);
  const text = found.toString();
  return text ? `?${text}` : "./";
}

/** The address of a new search, by a listing or a sample. */
export const addressOf = (query) => toAddress({ ...START, query });

export function fromAddress(text) {
  const given = new URLSearchParams(text);
  return {
    query: queryOf(given),
    crop: cropOf(given.get("crop")),
    filters: {
      category: given.getAll("category"),
      price_min: numberOf(given.get("price_min")),
      price_max: numberOf(given.get("price_max")),
      location: given.get("location") ?? "",
      words: given.get("words") ?? "",
    },
    like: given.getAll("like"),
    dislike: given.getAll("dislike"),
    k: Math.max(1, Math.trunc(numberOf(given.get("k")) ?? FIRST_K)),
  };
}

function queryOf(given) {
  const kind = ["listing", "sample", "photos"].find((name) => given.get(name));
  return kind ? { [kind]: given.get(kind) } : null;
}

function numberOf(text) {
  const number = text ? Number(text) : NaN;
  return Number.isFinite(number) ? number : null;
}

function cropOf(text) {
  const parts = (text ?? "").split(",").map(Number);
  return parts.length === 4 && parts.every(Number.isFinite) ? parts : null;
}

export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** The search that a click on a link of this page asks for; null for any other click. */
export function linkedSearch(event) {
  const link = event.target.closest("a[href]");
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || link.download || link.hash) return null;
  const { pathname, search } = new URL(link.href);
  return pathname === location.pathname ? search : null;
}
