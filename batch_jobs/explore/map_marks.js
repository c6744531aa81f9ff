"use strict";
// The marks of map.html: a shape and a colour for each group of categories.

let colours = [], paper = "", ink = "";

// By group, so that nobody needs to tell colours apart.
const outlines = [
  (path, x, y, r) => path.arc(x, y, r, 0, 7),
  (path, x, y, r) => path.rect(x - r * .88, y - r * .88, r * 1.76, r * 1.76),
  (path, x, y, r) => polygon(path, x, y, r * 1.25, 3, -90),
  (path, x, y, r) => polygon(path, x, y, r * 1.2, 4, 0),
  (path, x, y, r) => polygon(path, x, y, r * 1.25, 3, 90),
  (path, x, y, r) => star(path, x, y, r * 1.4, 4),
  (path, x, y, r) => star(path, x, y, r * 1.4, 5),
  (path, x, y, r) => polygon(path, x, y, r * 1.1, 6, 0),
  (path, x, y, r) => path.rect(x - r * 1.2, y - r * .5, r * 2.4, r),
  (path, x, y, r) => path.rect(x - r * .5, y - r * 1.2, r, r * 2.4),
];

function polygon(path, x, y, r, corners, turn) {
  for (let n = 0; n < corners; n++) {
    const angle = (turn + 360 * n / corners) * Math.PI / 180;
    path[n ? "lineTo" : "moveTo"](x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
  path.closePath();
}

function star(path, x, y, r, points) {
  for (let n = 0; n < 2 * points; n++) {
    const angle = -Math.PI / 2 + Math.PI * n / points, length = n % 2 ? r * .42 : r;
    path[n ? "lineTo" : "moveTo"](x + length * Math.cos(angle), y + length * Math.sin(angle));
  }
  path.closePath();
}

function mark(on, group, x, y, r) {
  on.fillStyle = colours[group];
  on.strokeStyle = paper;
  on.beginPath();
  outlines[group](on, x, y, r);
  on.fill();
  on.stroke();
}
