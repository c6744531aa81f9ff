// Files come in: chosen, taken with the camera, pasted, or dropped anywhere on the page.

import { byId } from "./dom.js";

/** `take` gets the files. */
export function install(take) {
  listenForChoices(take);
  listenForDrops(take);
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) take([...event.clipboardData.files]);
  });
}

export function choose() {
  byId("files").click();
}

function listenForChoices(take) {
  for (const [opener, input] of [
    ["choose", "files"],
    ["take", "camera"],
  ]) {
    byId(opener).addEventListener("click", () => byId(input).click());
    byId(input).addEventListener("change", ({ target }) => {
      const files = [...target.files];
      target.value = ""; // the same file may be chosen again
      take(files);
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
