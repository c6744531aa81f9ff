// Makes elements. Text from the catalogue only ever becomes text: nothing here parses HTML.

/** `on` of the attributes has listeners; false and null leave one out, save for aria's own false. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    } else if (value !== null && (value !== false || name.startsWith("aria-"))) {
      made.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
    }
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const byId = (id) => document.getElementById(id);

export function button(label, onClick, attributes = {}) {
  return make("button", { type: "button", on: { click: onClick }, ...attributes }, label);
}

/** A list of names and what they stand for; rows without that are left out. */
export function definitions(rows) {
  const known = rows.filter(([, value]) => value);
  return make(
    "dl",
    {},
    ...known.flatMap(([name, value]) => [
      make("dt", { class: "quiet" }, name),
      make("dd", { class: "text" }, value),
    ]),
  );
}

/** Calls `run` once nobody has asked for it for `ms` milliseconds; `cancel` takes that back. */
export function settled(run, ms) {
  let timer = 0;
  const later = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...given), ms);
  };
  return Object.assign(later, { cancel: () => clearTimeout(timer) });
}

/** Says it to who listens rather than looks. */
export function announce(text) {
  byId("live").textContent = text;
}
