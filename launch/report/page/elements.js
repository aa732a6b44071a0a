"use strict";
// Elements, tables and numbers as text. All text of a run goes through text nodes: none of it
// is ever read as markup.

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined) element.append(child);
  }
  return element;
}

const UNKNOWN = "unknown";

function isKnown(value) {
  return typeof value === "number" && Number.isFinite(value);
}

function fixed(value, digits) {
  return isKnown(value) ? value.toFixed(digits) : UNKNOWN;
}

function ratio(value) {
  return fixed(value, 4);
}

function count(value) {
  return isKnown(value) ? Math.round(value).toLocaleString("en") : UNKNOWN;
}

// Four digits that matter, whatever the size.
function short(value) {
  if (!isKnown(value)) return UNKNOWN;
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return count(value);
  const size = Math.abs(value);
  if (size >= 1000) return count(value);
  return size !== 0 && size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

function seconds(value) {
  if (!isKnown(value)) return UNKNOWN;
  if (value < 0) return `-${seconds(-value)}`;
  // Rounded before they are split: 119.7 s are 2 minutes, not 1 min 60 s.
  const whole = Math.round(value);
  if (whole < 60) return `${value.toPrecision(3)} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(value / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// Of what is known among values; of none nulls. Arguments of Math.min have a limit, which a long
// run has more points than.
function rangeOf(values) {
  return values.filter(isKnown).reduce(
    ({ low, high }, value) => ({ low: low === null || value < low ? value : low, high: high === null || value > high ? value : high }),
    { low: null, high: null });
}

// Names that a reader takes in at once.
const MOST_NAMED = 12;

// All, or of many how many there are, the first and the last.
function listed(texts, word, first, last) {
  if (texts.length <= MOST_NAMED) return texts.join("; ");
  return `${plural(texts.length, word)}; ${first}: ${texts[0]}; ${last}: ${texts[texts.length - 1]}`;
}

function percent(part, whole) {
  return isKnown(part) && isKnown(whole) && whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : UNKNOWN;
}

function plural(n, word) {
  return `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
}

// One cell. What has `as` is a number, in whatever form, and aligned. An element stands as it is.
function cell(value, as) {
  if (value instanceof Node || (as && typeof value === "string")) {
    return make("td", { class: as ? "number" : null }, value);
  }
  if (typeof value === "number" || value === null || value === undefined) {
    const text = (as || short)(value);
    return make("td", { class: text === UNKNOWN ? "number unknown" : "number" }, text);
  }
  return make("td", { class: "text" }, value);
}

// columns: [{label, as}], of the header of each row first. rows: arrays of values.
function table(caption, columns, rows, attributes) {
  return scroll(
    caption,
    make(
      "table",
      attributes || {},
      make("caption", {}, caption),
      make("thead", {}, make("tr", {}, columns.map((column, i) =>
        make("th", { scope: "col", class: i > 0 && column.as ? "number" : null }, column.label)))),
      make("tbody", {}, rows.map(([first, ...rest]) =>
        make("tr", {}, make("th", { scope: "row" }, first),
          rest.map((value, i) => cell(value, columns[i + 1].as))))),
    ),
  );
}

// What may be wider than a phone scrolls by itself, by keyboard, too.
function scroll(name, element) {
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name }, element);
}

let sections = 0;

// A section of the page, with its entry in the list at the top.
function section(title, short_title, ...children) {
  const id = `s${++sections}`;
  document.getElementById("contents").append(make("a", { href: `#${id}` }, short_title));
  return make("section", { id, "aria-labelledby": `${id}-title` }, make("h2", { id: `${id}-title` }, title), ...children);
}

// Buttons of which one is pressed; shows what `views`, [{label, make}], makes.
function tabs(name, views) {
  if (views.length === 1) return views[0].make();
  const place = make("div", {});
  const buttons = views.map((view, i) => {
    const button = make("button", { type: "button", "aria-pressed": String(i === 0) }, view.label);
    button.addEventListener("click", () => show(i));
    return button;
  });
  const show = (chosen) => {
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === chosen)));
    place.replaceChildren(...[views[chosen].make()].flat());
  };
  show(0);
  return [make("div", { class: "controls", role: "group", "aria-label": name }, buttons), place];
}

function keyFigures(figures) {
  return make("dl", { class: "key-figures" }, figures.map(({ label, value, note }) =>
    make("div", {},
      make("dt", {}, label),
      make("dd", { class: value === UNKNOWN ? "value unknown" : "value" }, value),
      note ? make("dd", { class: "note" }, note) : null)));
}

function banner(kind, ...children) {
  return make("div", { class: `banner ${kind}` }, ...children);
}
