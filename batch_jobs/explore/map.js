// Draws map.html, after map_marks.js: marks or small photos on a canvas, zoom and pan, the photo under pointer or keys.
// Texts are of strangers: they reach the page as textContent only.

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const canvas = byId("points"), sprite = byId("sprite"), seen = byId("seen");
const pen = canvas.getContext("2d");
const boxes = [...document.querySelectorAll("[data-group]")];
const count = data.x.length, MARGIN = 16, NEAREST_ZOOM = 40, REACH = 18;
const view = { zoom: 1, left: 0, top: 0 };  // left and top: of the map, in pixels of the page
const shown = boxes.map(() => true);
let width = 0, height = 0, current = -1, waiting = 0, spriteReady = false;

// The whole map as large as the canvas has room for, in its middle.
const side = () => Math.min((width - 2 * MARGIN) / data.wide, (height - 2 * MARGIN) / data.high);
const originX = () => (width - data.wide * side()) / 2, originY = () => (height - data.high * side()) / 2;
const across = (n) => view.left + originX() + data.x[n] * side() * view.zoom;
const down = (n) => view.top + originY() + (data.high - data.y[n]) * side() * view.zoom;
const visible = (n) => shown[data.group[n]];

function thumbnail(on, n, x, y, size) {
  const from = data.side, row = Math.floor(n / data.columns), column = n % data.columns;
  on.drawImage(sprite, column * from, row * from, from, from, x, y, size, size);
}

function draw() {
  const dense = window.devicePixelRatio || 1;
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  pen.clearRect(0, 0, width, height);
  const asPhotos = byId("as-photos").checked && spriteReady;
  const room = Math.min(1, Math.sqrt(width / 600));
  const radius = Math.min(7, (count > 1500 ? 3 : 4) * room * Math.sqrt(view.zoom));
  const photo = Math.min(data.side, 20 * Math.sqrt(view.zoom));
  pen.lineWidth = asPhotos ? 2 : .75;
  for (let n = 0; n < count; n++) {
    const x = across(n), y = down(n);
    if (!visible(n) || x < -50 || y < -50 || x > width + 50 || y > height + 50) continue;
    if (asPhotos) {
      thumbnail(pen, n, x - photo / 2, y - photo / 2, photo);
      pen.strokeStyle = colours[data.group[n]];
      pen.strokeRect(x - photo / 2, y - photo / 2, photo, photo);
    } else mark(pen, data.group[n], x, y, radius);
  }
  if (current < 0) return;
  pen.strokeStyle = ink;
  pen.lineWidth = 2.5;
  pen.beginPath();
  pen.arc(across(current), down(current), Math.max(radius + 4, asPhotos ? photo * .75 : 0), 0, 7);
  pen.stroke();
}

// Pointers tell of more moves than there are frames.
function redraw() {
  waiting ||= requestAnimationFrame(() => {
    waiting = 0;
    draw();
  });
}

function show(n) {
  current = n;
  seen.hidden = n < 0;
  if (n >= 0) {
    byId("seen-title").textContent = data.title[n];
    byId("seen-category").textContent = data.categories[data.category[n]];
    const small = byId("seen-photo");
    const on = small.getContext("2d");
    on.clearRect(0, 0, small.width, small.height);
    if (spriteReady) thumbnail(on, n, 0, 0, small.width);
    place(across(n), down(n));
  }
  redraw();
}

// Beside the photo, inside the plot.
function place(x, y) {
  const room = seen.parentElement, left = canvas.offsetLeft + x, top = canvas.offsetTop + y;
  const beside = left + 14 + seen.offsetWidth > room.clientWidth - 8 ? left - 14 - seen.offsetWidth : left + 14;
  const below = Math.min(top + 14, canvas.offsetTop + height - seen.offsetHeight);
  seen.style.left = `${Math.max(8, Math.min(beside, room.clientWidth - seen.offsetWidth - 8))}px`;
  seen.style.top = `${Math.max(canvas.offsetTop, below)}px`;
}

function nearest(x, y, reach) {
  let found = -1, least = reach * reach;
  for (let n = 0; n < count; n++) {
    const distance = (across(n) - x) ** 2 + (down(n) - y) ** 2;
    if (visible(n) && distance < least) [found, least] = [n, distance];
  }
  return found;
}

// The nearest one that is more to that side than to another.
function next(right, low) {
  let found = -1, least = Infinity;
  for (let n = 0; n < count; n++) {
    const x = across(n) - across(current), y = down(n) - down(current);
    const ahead = x * right + y * low, aside = Math.abs(x * low) + Math.abs(y * right);
    if (!visible(n) || ahead <= 0 || aside > ahead) continue;
    const distance = ahead + 2 * aside;
    if (distance < least) [found, least] = [n, distance];
  }
  return found;
}

function step(right, low) {
  if (current < 0 || !visible(current)) show(nearest(width / 2, height / 2, Infinity));
  else {
    const found = next(right, low);
    if (found >= 0) show(found);
  }
  if (current >= 0) bringIn();
}

function bringIn() {
  const x = across(current), y = down(current);
  view.left += Math.max(0, MARGIN - x) - Math.max(0, x - width + MARGIN);
  view.top += Math.max(0, MARGIN - y) - Math.max(0, y - height + MARGIN);
  show(current);
}

function zoom(factor, x = width / 2, y = height / 2) {
  const wanted = Math.min(NEAREST_ZOOM, Math.max(1, view.zoom * factor)), by = wanted / view.zoom;
  view.left = x - originX() - (x - originX() - view.left) * by;
  view.top = y - originY() - (y - originY() - view.top) * by;
  view.zoom = wanted;
  settle();
}

// The whole map is where it was; a finger scrolls the page until there is something to move.
function settle() {
  if (view.zoom === 1) view.left = view.top = 0;
  canvas.style.touchAction = view.zoom === 1 ? "pan-y" : "none";
  show(current);
}

const fingers = new Map();
let moved = 0;

function at(event) {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  fingers.set(event.pointerId, at(event));
  moved = 0;
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  const [x, y] = at(event), before = fingers.get(event.pointerId);
  if (!before) {
    const found = event.pointerType === "mouse" ? nearest(x, y, REACH) : current;
    if (found !== current) show(found);
    return;
  }
  moved += Math.hypot(x - before[0], y - before[1]);
  const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const [was, is] = [before, [x, y]].map((one) => Math.hypot(one[0] - other[0], one[1] - other[1]));
    if (was) zoom(is / was, ...other);
  } else if (view.zoom > 1 && moved > 4) {
    canvas.classList.add("moving");
    view.left += x - before[0];
    view.top += y - before[1];
    show(current);
  }
  fingers.set(event.pointerId, [x, y]);
});
for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, (event) => {
    const tapped = end === "pointerup" && fingers.has(event.pointerId) && moved < 6;
    fingers.delete(event.pointerId);
    canvas.classList.remove("moving");
    if (tapped) show(nearest(...at(event), 2 * REACH));
  });
}
canvas.addEventListener("pointerleave", (event) => {
  if (event.pointerType === "mouse" && document.activeElement !== canvas) show(-1);
});
canvas.addEventListener("wheel", (event) => {
  if (view.zoom === 1 && event.deltaY > 0) return;  // the page scrolls on
  event.preventDefault();
  zoom(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) / 150), ...at(event));
}, { passive: false });

const keys = {
  ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0),
  ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1),
  "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5),
  0: () => zoom(0), Escape: () => show(-1),
};
canvas.addEventListener("keydown", (event) => {
  if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  keys[event.key]();
});
canvas.addEventListener("focus", () => {
  if (canvas.matches(":focus-visible")) step(0, 0);
});
canvas.addEventListener("blur", () => show(-1));

byId("nearer").addEventListener("click", () => zoom(1.5));
byId("farther").addEventListener("click", () => zoom(1 / 1.5));
byId("whole").addEventListener("click", () => zoom(0));
byId("as-photos").addEventListener("change", redraw);

function choose() {
  boxes.forEach((box, group) => { shown[group] = box.checked; });
  show(current >= 0 && visible(current) ? current : -1);
}
for (const box of boxes) box.addEventListener("change", choose);
for (const [id, on] of [["all", true], ["none", false]]) {
  byId(id).addEventListener("click", () => {
    for (const box of boxes) box.checked = on;
    choose();
  });
}

function restyle() {
  const style = getComputedStyle(document.documentElement);
  colours = boxes.map((_, group) => style.getPropertyValue(`--g${group}`).trim());
  [paper, ink] = ["--card", "--ink"].map((name) => style.getPropertyValue(name).trim());
  for (const swatch of document.querySelectorAll("[data-mark]")) {
    const on = swatch.getContext("2d");
    on.clearRect(0, 0, 32, 32);
    mark(on, Number(swatch.dataset.mark), 16, 16, 10);
  }
  redraw();
}

function resize() {
  const dense = window.devicePixelRatio || 1;
  [width, height] = [canvas.clientWidth, canvas.clientHeight];
  [canvas.width, canvas.height] = [width * dense, height * dense];
  show(current);
}

restyle();
new ResizeObserver(resize).observe(canvas);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
settle();
sprite.decode().then(() => { spriteReady = true; show(current); });
