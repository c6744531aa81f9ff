// The part of a photo that counts: a rectangle to drag, and four sliders that do the same.

import { make, settled } from "./dom.js";

const EDGES = ["Left", "Top", "Right", "Bottom"];
const SETTLED_MS = 300;
const LEAST = 0.05; // of a side; the service takes no less than a few pixels

/**
 * A photo under a rectangle. `onChange` gets [left, top, right, bottom] in fractions, or null for the
 * whole photo, once it was let go. Gives {element, show(crop)}.
 */
export function cropper(url, crop, onChange) {
  let box = crop ?? [0, 0, 1, 1];
  const rectangle = make("div", { class: "rectangle" });
  const frame = make(
    "div",
    { class: "crop" },
    make("img", { src: url, alt: "Your photo", draggable: "false" }),
    rectangle,
  );
  const sliders = EDGES.map((edge, place) =>
    make("input", {
      type: "range",
      min: 0,
      max: 100,
      "aria-label": `${edge} edge`,
      on: {
        input: (event) => show(moved(box, place, event.target.value / 100)),
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
  drag(frame, () => box, show, finish);
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

function moved(box, place, value) {
  const next = [...box];
  const other = box[(place + 2) % 4];
  next[place] = place < 2 ? Math.min(value, other - LEAST) : Math.max(value, other + LEAST);
  return next.map((part) => Math.min(1, Math.max(0, part)));
}

/** Inside the rectangle moves it, near a corner pulls that, elsewhere draws a new one. */
function drag(frame, current, show, finish) {
  let pull = null;
  const pointOf = (event) => {
    const { left, top, width, height } = frame.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height].map((part) =>
      Math.min(1, Math.max(0, part)),
    );
  };
  frame.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    frame.setPointerCapture(event.pointerId);
    pull = pullFrom(current(), pointOf(event), 24 / frame.clientWidth);
  });
  frame.addEventListener("pointermove", (event) => pull && show(pull(pointOf(event))));
  frame.addEventListener("pointerup", () => {
    if (pull) finish();
    pull = null;
  });
  frame.addEventListener("pointercancel", () => (pull = null));
}

function pullFrom(box, [x, y], near) {
  const [left, top, right, bottom] = box;
  for (const [cornerX, cornerY] of [
    [left, top],
    [right, top],
    [left, bottom],
    [right, bottom],
  ]) {
    if (Math.hypot(x - cornerX, y - cornerY) < near) {
      return (point) => between([left + right - cornerX, top + bottom - cornerY], point);
    }
  }
  const isInside = x > left && x < right && y > top && y < bottom;
  if (!isInside || isWhole(box)) return (point) => between([x, y], point);
  return ([toX, toY]) => {
    const across = Math.min(1 - right, Math.max(-left, toX - x));
    const down = Math.min(1 - bottom, Math.max(-top, toY - y));
    return [left + across, top + down, right + across, bottom + down];
  };
}

function between([x, y], [toX, toY]) {
  const [left, right] = spread(x, toX);
  const [top, bottom] = spread(y, toY);
  return [left, top, right, bottom];
}

function spread(one, other) {
  const low = Math.min(one, other, 1 - LEAST);
  return [low, Math.max(one, other, low + LEAST)];
}
