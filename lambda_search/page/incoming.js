// Files come in: chosen, taken with the camera, pasted, or dropped anywhere on the page.

import { byId } from "./dom.js";

/** `take` gets the files, and whether they are more photos of the item that is searched with. */
export function install(take) {
  listenForChoices(take);
  listenForDrops(take);
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) take([...event.clipboardData.files]);
  });
}

export function choose({ isMore = false } = {}) {
  byId("files").dataset.more = isMore ? "yes" : "";
  byId("files").click();
}

function listenForChoices(take) {
  byId("choose").addEventListener("click", () => choose());
  byId("take").addEventListener("click", () => byId("camera").click());
  for (const input of ["files", "camera"]) {
    byId(input).addEventListener("change", ({ target }) => {
      const files = [...target.files];
      target.value = ""; // the same file may be chosen again
      take(files, target.dataset.more === "yes");
    });
  }
}

function listenForDrops(take) {
  const over = byId("dropping");
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) over.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    over.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
}
