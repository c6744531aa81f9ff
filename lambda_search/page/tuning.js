// For people who tune: what a search took, what answered it, and how to ask the same again.

import { button, byId, definitions, make } from "./dom.js";
import { classify, fieldsOf } from "./service.js";
import { holds, milliseconds, percent, whole } from "./text.js";

const place = byId("tuning");
const toggle = byId("tune");
let last = null; // {state, photos, answer, spent}
let catalogue = null;

export function install() {
  toggle.addEventListener("click", () => turn(place.hidden));
  place.addEventListener("keydown", (event) => {
    if (event.key === "Escape") turn(false);
  });
}

function turn(isOpen) {
  toggle.setAttribute("aria-expanded", String(isOpen));
  place.hidden = !isOpen;
  document.body.classList.toggle("tuning", isOpen);
  draw();
  if (isOpen)
    place.querySelector("h2").focus(); // it is the last thing of the page
  else toggle.focus();
}

export function setCatalogue(found) {
  catalogue = found;
  draw();
}

/** `spent` has the browser's own milliseconds by part. */
export function setSearch(search) {
  last = search;
  draw();
}

function draw() {
  if (place.hidden) return;
  const parts = [make("h2", { tabindex: -1 }, "Inspect this search")];
  if (last) parts.push(timings(), categories(), repeat(), rawJson());
  else parts.push(make("p", { class: "quiet" }, "Nothing was searched for yet."));
  if (catalogue) parts.push(release(), ...indexes());
  place.replaceChildren(...parts);
}

const section = (title, ...children) => make("section", {}, make("h3", {}, title), ...children);

function table(caption, head, rows) {
  const cells = (row) =>
    row.map((value, at) =>
      at ? make("td", { class: "number" }, value) : make("th", { scope: "row" }, value),
    );
  return make(
    "table",
    {},
    make("caption", { class: "unseen" }, caption),
    make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...cells(row)))),
  );
}

function timings() {
  const { answer, spent } = last;
  const ours = Object.entries(spent).map(([name, ms]) => [`page: ${name}`, milliseconds(ms)]);
  const theirs = Object.entries(answer.timings_ms).map(([name, ms]) => [
    `service: ${name}`,
    milliseconds(ms),
  ]);
  return section("Time", table("Milliseconds by stage", ["Stage", "Time"], [...ours, ...theirs]));
}

function categories() {
  const found = make("div", {}, make("p", { class: "quiet" }, "Only photos have them."));
  if (last.photos.length) fillCategories(found, last);
  return section("Category probabilities", found);
}

/** Of the first photo: asked for only while somebody looks. */
async function fillCategories(found, { photos, state }) {
  try {
    const { categories: guesses } = await classify(photos[0], state.crop);
    const rows = guesses.map((guess) => [guess.path.join(" / "), percent(guess.probability)]);
    found.replaceChildren(table("Categories", ["Category", "Probability"], rows));
  } catch (error) {
    found.replaceChildren(make("p", { class: "text" }, error.message));
  }
}

function repeat() {
  const { photos } = last;
  const saved = photos.map((photo, at) =>
    make("a", { href: photo.url, download: fileName(at) }, `Save ${fileName(at)}`),
  );
  return section("The same request", ...code(curl(last)), make("p", { class: "row" }, ...saved));
}

const fileName = (at) => `photo-${at + 1}.jpg`;
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export function curl({ state, photos }) {
  const url = quoted(new URL("search", document.baseURI).href);
  const fields = fieldsOf(state);
  if (!photos.length)
    return `curl -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(fields))} ${url}`;
  const files = photos.map((_, at) => `-F photo=@${fileName(at)}`);
  const others = Object.entries(fields).map(
    ([name, value]) => `-F ${quoted(`${name}=${JSON.stringify(value)}`)}`,
  );
  return ["curl", ...files, ...others, url].join(" ");
}

function code(text) {
  const copy = button("Copy", async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
  });
  return [make("pre", { tabindex: 0, "aria-label": "Command" }, text), copy];
}

function rawJson() {
  return section(
    "Answer",
    make("pre", { tabindex: 0, "aria-label": "JSON" }, JSON.stringify(last.answer, null, 1)),
  );
}

function release() {
  const { extractor } = catalogue;
  const rows = [
    ["id", catalogue.release],
    ["made", catalogue.created_at],
    ["catalogue", catalogue.catalogue],
    ["holds", holds(catalogue)],
    ["extractor", `${extractor.backbone}, ${extractor.size} px, ${extractor.precision}`],
  ];
  return section("Release", definitions(rows));
}

function indexes() {
  const known = (value, write) => (value === null ? "–" : write(value));
  return catalogue.segments.map((segment) =>
    section(
      `Index ${segment.name}`,
      table(
        "The index and what was measured of it",
        ["Plan", segment.plan],
        [
          ["photos", whole(segment.photos)],
          ["recall@10", known(segment.recall_at_10, (recall) => recall.toFixed(3))],
          [
            "p50, p95",
            known(segment.p95_ms, () => `${milliseconds(segment.p50_ms)}, ${milliseconds(segment.p95_ms)}`),
          ],
          ["bytes a photo", known(segment.bytes_per_photo, (bytes) => whole(Math.round(bytes)))],
          ["listings gone", whole(segment.dead_listings)],
        ],
      ),
    ),
  );
}
