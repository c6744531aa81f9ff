// The page: its state is the address; each change of it is shown by asking the service.

import { FIRST_K, START, fromAddress, same, toAddress } from "./address.js";
import { clearAnswer, showAnswer } from "./answer.js";
import { fetchPhotos, photosIn, queryBy } from "./asked.js";
import { showChips } from "./chips.js";
import { byId, make } from "./dom.js";
import * as filters from "./filters.js";
import * as incoming from "./incoming.js";
import { closeListing, showListing } from "./listing.js";
import { say, sayRefused } from "./messages.js";
import { MOST_PHOTOS, prepared } from "./photos.js";
import * as query from "./query.js";
import * as results from "./results.js";
import * as service from "./service.js";
import { photoUrl, plural } from "./text.js";
import * as tuning from "./tuning.js";

// Until the service has said what it takes.
const GATEWAY_BYTES = 4_500_000;
const MOST_LISTINGS = 100;
let state = START;
let catalogue = null;
let running = new AbortController();
let isAdding = false; // whether the next photo is one more of the same item
const known = new Map(); // listings that were seen, by id

/** Goes on to another state, from which Back leads here; with `replace` it leads further. */
function go(next, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", toAddress(next));
  return arrive(next);
}

const change = (some, options) => go({ ...state, k: FIRST_K, ...some }, options);
const refine = (some, options) => change({ filters: { ...state.filters, ...some } }, options);

async function arrive(next) {
  if (!same(next.query, state.query)) clearAnswer(); // else it stays, dimmed, until there is the next one
  state = next;
  running.abort();
  running = new AbortController();
  const { signal } = running;
  closeListing();
  showControls();
  try {
    await (state.query ? search(signal) : start(signal));
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
}

function showControls() {
  const isSearch = state.query !== null;
  document.body.dataset.state = isSearch ? "search" : "start";
  byId("drop").hidden = isSearch;
  byId("filters").hidden = !isSearch || catalogue === null;
  byId("narrow").hidden = !isSearch;
  if (byId("words") !== document.activeElement) byId("words").value = state.filters.words;
  filters.show(state.filters);
  showChips(state, (id) => known.get(id)?.title ?? "a listing", { refine, change });
}

async function start(signal) {
  document.title = "Marketplace Search";
  byId("found-title").textContent = "Recent listings";
  query.hide();
  tuning.setSearch(null);
  results.showLoading(FIRST_K);
  const [found] = await Promise.all([service.recent(), loadCatalogue()]);
  signal.throwIfAborted();
  showControls();
  found.results.forEach(remember);
  results.show(found.results, actions);
  showSamples();
}

async function loadCatalogue() {
  if (catalogue) return;
  catalogue = await service.catalogue();
  byId("about").textContent =
    `${plural(catalogue.photos, "photo")} of ${plural(catalogue.listings, "listing")}`;
  filters.setCatalogue(catalogue);
  tuning.setCatalogue(catalogue);
}

function showSamples() {
  const items = catalogue.samples.map((path, place) => {
    const href = toAddress({ ...START, query: { sample: String(place + 1) } });
    const image = make("img", { src: photoUrl(path), alt: "", width: 96, height: 96 });
    return make("li", {}, make("a", { href, "aria-label": `Sample photo ${place + 1}` }, image));
  });
  byId("samples").hidden = !items.length;
  byId("samples")
    .querySelector("ul")
    .replaceChildren(...items);
}

async function search(signal) {
  const begun = performance.now();
  results.showLoading(FIRST_K);
  byId("found-title").textContent = "Searching …";
  // What is wrong with the service, or with an id, the search says.
  Promise.all([loadCatalogue(), ...[...state.like, ...state.dislike].map(whole)]).then(
    showControls,
    () => {},
  );
  const photos = await showAsked(signal);
  if (!photos) return;
  const answer = await service.search(state, photos, signal);
  const answered = performance.now();
  answer.results.forEach(remember);
  showAnswer(state, answer, catalogue?.max_k ?? MOST_LISTINGS, actions);
  await painted();
  const slowest = Math.max(0, ...photos.map((photo) => photo.preparedMs));
  const spent = {
    "making it small": slowest,
    request: answered - begun,
    paint: performance.now() - answered,
  };
  tuning.setSearch({ state, photos, answer, spent });
}

/** Shows what is asked with and gives its photos; undefined where they are gone with their tab. */
async function showAsked(signal) {
  if (state.query.listing) {
    const listing = await whole(state.query.listing);
    signal.throwIfAborted();
    document.title = `Like ${listing.title} – Marketplace Search`;
    query.showListing(listing, actions);
    return [];
  }
  document.title = "Like a photo – Marketplace Search";
  const photos = await fetchPhotos(state.query);
  signal.throwIfAborted();
  if (photos) query.showPhotos(photos, state.crop, photoActions);
  else sayForgotten();
  return photos;
}

function sayForgotten() {
  clearAnswer();
  query.hide();
  byId("found-title").textContent = "No listings";
  say("Photos stay in the tab that searched with them.", "Choose the photo again to search with it.", {
    label: "Choose photos",
    run: incoming.choose,
  });
}

const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

function fail(error) {
  if (!(error instanceof service.Refused)) throw error;
  clearAnswer();
  byId("found-title").textContent = "No listings";
  sayRefused(error, { again: () => arrive(state), choose: incoming.choose });
}

/** Searches with these files: as more photos of the item where those were asked for. */
async function take(files) {
  const before = isAdding ? (photosIn(state.query) ?? []) : [];
  isAdding = false;
  try {
    if (before.length + files.length > MOST_PHOTOS) {
      throw new service.Refused(
        "too_many_photos",
        `At most ${MOST_PHOTOS} photos of one item can be searched with.`,
      );
    }
    const most = catalogue?.max_body_bytes ?? GATEWAY_BYTES;
    const added = await Promise.all(files.map((file) => prepared(file, most)));
    const from = before.length ? state : { ...START, filters: state.filters };
    go({ ...from, query: queryBy([...before, ...added]), k: FIRST_K });
  } catch (error) {
    fail(error);
  }
}

const photoActions = {
  add: () => {
    isAdding = true;
    incoming.choose();
  },
  remove: (index) => change({ query: queryBy(photosIn(state.query).filter((_, place) => place !== index)) }),
  crop: (crop) => change({ crop }),
};

const actions = {
  open: async (id) => {
    try {
      showListing(await whole(id));
    } catch (error) {
      fail(error);
    }
  },
  like: (listing) => steer("like", listing),
  dislike: (listing) => steer("dislike", listing),
  refine,
};

function steer(direction, { product_id: id }) {
  byId("found-title").focus(); // the listing goes
  change({ [direction]: [...state[direction], id] });
}

/** A listing with its description and all of its photos. */
async function whole(id) {
  if (known.get(id)?.description === undefined) known.set(id, (await service.listing(id)).listing);
  return known.get(id);
}

function remember(listing) {
  if (!known.has(listing.product_id)) known.set(listing.product_id, listing);
}

/** Links of this page are searches, shown without loading the page again. */
function followLink(event) {
  const link = event.target.closest("a[href]");
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || link.download || link.hash || new URL(link.href).pathname !== location.pathname)
    return;
  event.preventDefault();
  go(fromAddress(new URL(link.href).search));
  scrollTo({ top: 0 });
  byId("found-title").focus({ preventScroll: true });
}

function listenForWords() {
  let timer = 0;
  byId("words").addEventListener("input", ({ target }) => {
    clearTimeout(timer);
    // Back leads to before the first letter, not to each.
    timer = setTimeout(
      () => refine({ words: target.value.trim() }, { replace: state.filters.words !== "" }),
      150,
    );
  });
}

filters.install(refine);
incoming.install(take);
tuning.install();
listenForWords();
document.addEventListener("click", followLink);
byId("more").addEventListener("click", () => {
  go({ ...state, k: Math.min(catalogue?.max_k ?? MOST_LISTINGS, state.k + FIRST_K) }, { replace: true });
});
addEventListener("popstate", () => arrive(fromAddress(location.search)));
arrive(fromAddress(location.search));
