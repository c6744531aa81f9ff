// The page: its state is the address; each change of it is shown by asking the service.

import { FIRST_K, START, fromAddress, linkedSearch, same, toAddress } from "./address.js";
import { awaitGuess, clearAnswer, showAnswer } from "./answer.js";
import { fetchPhotos, photosIn, queryBy } from "./asked.js";
import { showChips } from "./chips.js";
import { announce, byId, settled } from "./dom.js";
import * as filters from "./filters.js";
import * as incoming from "./incoming.js";
import { forgetAll, isKnown, remember, titleOf, whole } from "./known.js";
import { closeListing, showListing } from "./listing.js";
import { say, sayNothing, sayRefused } from "./messages.js";
import { preparedAll } from "./photos.js";
import * as query from "./query.js";
import * as results from "./results.js";
import * as service from "./service.js";
import { holds } from "./text.js";
import * as tuning from "./tuning.js";

const GATEWAY_BYTES = 4_500_000; // until the service has said what it takes
const MOST_STEERING = 20; // listings that the service takes in one direction
let state = START;
let catalogue = null;
let running = new AbortController();
let wish = 0; // counts whatever was asked for, so that what comes late is known to be late

/** Goes on to another state, from which Back leads here; with `replace` it leads further. */
function go(next, { replace = false } = {}) {
  const address = toAddress(next);
  const isStep = !replace && address !== toAddress(state) && !history.state?.isDetails;
  history[isStep ? "pushState" : "replaceState"](null, "", address);
  return arrive(next);
}

const change = (some, options) => go({ ...state, k: FIRST_K, ...some }, options);
const refine = (some, options) => change({ filters: { ...state.filters, ...some } }, options);

async function arrive(next) {
  const isRefined = same(next.query, state.query);
  if (!isRefined) clearAnswer(); // else it stays, dimmed, until there is the next one
  state = next;
  wish += 1;
  typed.cancel();
  running.abort();
  running = new AbortController();
  const { signal } = running;
  closeListing();
  showControls();
  try {
    await (state.query ? search(signal) : start(signal));
  } catch (error) {
    if (!signal.aborted) fail(error, { keep: isRefined && results.areThere() });
  }
}

function showControls() {
  const isSearch = state.query !== null;
  document.body.dataset.state = isSearch ? "search" : "start";
  byId("drop").hidden = isSearch;
  byId("filters").hidden = !isSearch || catalogue === null;
  byId("narrow").hidden = !isSearch;
  if (byId("words").value.trim() !== state.filters.words) byId("words").value = state.filters.words;
  filters.show(state.filters);
  showChips(state, titleOf, { refine, change });
}

async function start(signal) {
  document.title = "Marketplace Search";
  query.hide();
  tuning.setSearch(null);
  results.showLoading(FIRST_K);
  const [found] = await Promise.all([service.recent(), loadCatalogue()]);
  signal.throwIfAborted();
  sayNothing();
  remember(found.results);
  const isDated = found.results.some((listing) => listing.listed_at);
  byId("found-title").textContent = isDated ? "Recent listings" : "Listings";
  results.show(found.results, actions);
  query.showSamples(catalogue.samples);
  announce(byId("found-title").textContent);
}

async function loadCatalogue({ again = false } = {}) {
  if (catalogue && !again) return;
  catalogue = await service.catalogue({ again });
  byId("about").textContent = holds(catalogue);
  filters.setCatalogue(catalogue);
  tuning.setCatalogue(catalogue);
  showControls();
}

async function search(signal) {
  const begun = performance.now();
  results.showLoading(FIRST_K);
  byId("found-title").textContent = "Searching …";
  announce("Searching");
  await loadCatalogue(); // which says how many listings may be asked for
  signal.throwIfAborted();
  const photos = await showAsked(signal);
  if (!photos) return;
  const asked = { ...state, k: Math.min(state.k, catalogue.max_k) };
  const answer = await service.search(asked, photos, signal);
  const answered = performance.now();
  if (answer.release !== catalogue.release) renew();
  remember(answer.results);
  showAnswer(asked, answer, catalogue.max_k, actions);
  nameSteering();
  await painted();
  const slowest = Math.max(0, ...photos.map((photo) => photo.preparedMs));
  const spent = {
    "making it small": slowest,
    request: answered - begun,
    paint: performance.now() - answered,
  };
  tuning.setSearch({ state: asked, photos, answer, spent });
}

/** There is a newer release than the one whose counts are shown. */
function renew() {
  forgetAll();
  loadCatalogue({ again: true }).catch(() => {}); // the next search says what is wrong
}

/** An address may name listings that were not seen here. */
function nameSteering() {
  const unknown = [...state.like, ...state.dislike].filter((id) => !isKnown(id));
  if (unknown.length) Promise.all(unknown.map(whole)).then(showControls, () => {});
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
  awaitGuess();
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
  announce("That photo is not here any more. Choose it again.");
}

const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

/** Says what was wrong; with `keep` beside what is there. A fault of the page is shown too, and thrown on. */
function fail(error, { keep = false, isMore = false } = {}) {
  results.stopLoading();
  if (!keep) clearAnswer();
  byId("found-title").textContent = keep ? "The listings of before" : "No listings";
  const isRefusal = error instanceof service.Refused;
  const shown = isRefusal ? error : new service.Refused("unexpected", "The page failed here. Load it again.");
  const again = () => arrive(state);
  const start = () => go(START);
  sayRefused(shown, state, { again, choose: () => incoming.choose({ isMore }), start, refine, change });
  if (!isRefusal) throw error;
}

/** Searches with these files, or with `isMore` with them beside those that are searched with already. */
async function take(files, isMore = false) {
  if (!files.length) return;
  const from = isMore ? state : { ...START, filters: state.filters };
  const before = isMore ? (photosIn(state.query) ?? []) : [];
  const keep = !results.isLoading(); // else a search that is running would paint over what is said
  if (!keep) running.abort();
  const mine = ++wish;
  results.showLoading(FIRST_K);
  try {
    const added = await preparedAll(files, before.length, catalogue?.max_body_bytes ?? GATEWAY_BYTES);
    if (mine === wish) go({ ...from, query: queryBy([...before, ...added]), k: FIRST_K });
  } catch (error) {
    if (mine === wish) fail(error, { keep, isMore });
  }
}

const photoActions = {
  add: () => incoming.choose({ isMore: true }),
  remove: (index) => change({ query: queryBy(photosIn(state.query).filter((_, place) => place !== index)) }),
  crop: (crop) => change({ crop }),
};

const actions = {
  open: async (id) => {
    const mine = wish;
    try {
      const listing = await whole(id);
      if (mine !== wish) return;
      history.pushState({ isDetails: true }, ""); // Back closes them, as people do on phones
      showListing(listing);
    } catch (error) {
      if (mine === wish) fail(error, { keep: true });
    }
  },
  like: (listing) => steer("like", listing),
  dislike: (listing) => steer("dislike", listing),
  refine,
};

function steer(direction, { product_id: id }) {
  byId("found-title").focus(); // the listing goes
  change({ [direction]: [...state[direction], id].slice(-MOST_STEERING) });
}

/** Links of this page are searches, shown without loading the page again. */
function followLink(event) {
  const search = linkedSearch(event);
  if (search === null) return;
  event.preventDefault();
  go(fromAddress(search));
  scrollTo({ top: 0 });
  byId("found-title").focus({ preventScroll: true });
}

// Back leads to before the first letter, not to each.
const typed = settled((words) => refine({ words }, { replace: state.filters.words !== "" }), 150);

/** A skip within the page is no other search. */
function followHistory() {
  const next = fromAddress(location.search);
  if (!history.state?.isDetails) closeListing();
  if (toAddress(next) !== toAddress(state)) arrive(next);
}

filters.install(refine);
incoming.install(take);
tuning.install();
byId("words").addEventListener("input", ({ target }) => typed(target.value.trim()));
document.addEventListener("click", followLink);
byId("more").addEventListener("click", () => {
  go({ ...state, k: Math.min(catalogue.max_k, state.k + FIRST_K) }, { replace: true });
});
addEventListener("popstate", followHistory);
arrive(fromAddress(location.search));
