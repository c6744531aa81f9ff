// The part of a photo that counts: a rectangle to drag, and four sliders that do the same.

import { make, settled } from "./dom.js";

const EDGES = ["Left", "Top", "Right", "Bottom"];
const SETTLED_MS = 300;
const LEAST_PIXELS = 33; // a side; the service takes no fewer than 32
const A_CLICK = 6; // pixels of the screen; less than that is no drag

/**
 * A photo under a rectangle. `onChange` gets [left, top, right, bottom] in fractions, or null for the
 * whole photo, once it was let go. Gives {element, show(crop)}.
 */
export function cropper(url, crop, onChange) {
  let box = crop ?? [0, 0, 1, 1];
  const rectangle = make("div", { class: "rectangle" });
  const image = make("img", { src: url, alt: "Your photo", draggable: "false" });
  const frame = make("div", { class: "crop" }, image, rectangle);
  const least = () =>
    [image.naturalWidth, image.naturalHeight].map((side) => Math.min(1, LEAST_PIXELS / side));
  const sliders = EDGES.map((edge, place) =>
    make("input", {
      type: "range",
      min: 0,
      max: 100,
      "aria-label": `${edge} edge`,
      on: {
        input: (event) => show(moved(box, place, event.target.value / 100, least()[place % 2])),
        change: () => finishSoon(),
      },
    }),
  );
  const show = (next) => {
    box = next;
    const [left, top, right, bottom] = box.map((part) => `${100 * part}%`);
    Object.assign(rectangle.style, {
      left,
      top,
      width: `calc(${right} - ${left})`,
      height: `calc(${bottom} - ${top})`,
    });
    sliders.forEach((slider, place) => {
      slider.value = Math.round(100 * box[place]);
      slider.setAttribute("aria-valuetext", `${slider.value} %`);
    });
  };
  let told = JSON.stringify(crop);
  const finish = () => {
    const chosen = isWhole(box) ? null : box;
    if (JSON.stringify(chosen) === told || !frame.isConnected) return;
    told = JSON.stringify(chosen);
    onChange(chosen);
  };
  const finishSoon = settled(finish, SETTLED_MS); // a key that is held down makes many steps
  drag(frame, least, () => box, show, finish);
  show(box);
  const named = sliders.map((slider, place) => make("label", {}, EDGES[place], slider));
  const hint = make("p", { class: "quiet" }, "Drag over the part that counts.");
  const element = make("div", { class: "cropper" }, frame, hint, make("div", { class: "edges" }, ...named));
  const showAgain = (given) => {
    told = JSON.stringify(given);
    show(given ?? [0, 0, 1, 1]);
  };
  return { element, show: showAgain };
}

const isWhole = (box) => box.every((part, place) => Math.abs(part - (place < 2 ? 0 : 1)) < 0.005);

function moved(box, place, value, least) {
  const next = [...box];
  const other = box[(place + 2) % 4];
  next[place] = place < 2 ? Math.min(value, other - least) : Math.max(value, other + least);
  return next.map((part) => Math.min(1, Math.max(0, part)));
}

/** Inside the rectangle moves it, near a corner pulls that, elsewhere draws a new one. */
function drag(frame, least, current, show, finish) {
  let pull = null;
  let before = null; // the box, and where the pointer came down
  const pointOf = (event) => {
    const { left, top, width, height } = frame.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height].map((part) =>
      Math.min(1, Math.max(0, part)),
    );
  };
  frame.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    frame.setPointerCapture(event.pointerId);
    before = { box: current(), x: event.clientX, y: event.clientY };
    pull = pullFrom(current(), pointOf(event), 24 / frame.clientWidth, least());
  });
  frame.addEventListener("pointermove", (event) => pull && show(pull(pointOf(event))));
  frame.addEventListener("pointerup", (event) => {
    if (!pull) return;
    pull = null;
    if (Math.hypot(event.clientX - before.x, event.clientY - before.y) < A_CLICK) show(before.box);
    else finish();
  });
  frame.addEventListener("pointercancel", () => (pull = null));
}

function pullFrom(box, [x, y], near, least) {
  const [left, top, right, bottom] = box;
  for (const [cornerX, cornerY] of [
    [left, top],
    [right, top],
    [left, bottom],
    [right, bottom],
  ]) {
    if (Math.hypot(x - cornerX, y - cornerY) < near) {
      return (point) => between([left + right - cornerX, top + bottom - cornerY], point, least);
    }
  }
  const isInside = x > left && x < right && y > top && y < bottom;
  if (!isInside || isWhole(box)) return (point) => between([x, y], point, least);
  return ([toX, toY]) => {
    const across = Math.min(1 - right, Math.max(-left, toX - x));
    const down = Math.min(1 - bottom, Math.max(-top, toY - y));
    return [left + across, top + down, right + across, bottom + down];
  };
}

function between([x, y], [toX, toY], [leastX, leastY]) {
  const [left, right] = spread(x, toX, leastX);
  const [top, bottom] = spread(y, toY, leastY);
  return [left, top, right, bottom];
}

function spread(one, other, least) {
  const low = Math.min(one, other, 1 - least);
  return [low, Math.max(one, other, low + least)];
}
