// Makes elements. Text from the catalogue only ever becomes text: nothing here parses HTML.

/** @param {Record<string, unknown>} attributes `on` has listeners; false and null leave one out. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    } else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const byId = (id) => document.getElementById(id);

export function button(label, onClick, attributes = {}) {
  return make("button", { type: "button", on: { click: onClick }, ...attributes }, label);
}

/** Says it to who listens rather than looks. */
export function announce(text) {
  byId("live").textContent = text;
}
