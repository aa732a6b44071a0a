"use strict";
// Light and dark: the system's wish until the reader presses the button, which this page alone
// remembers. Charts hold colours in their pixels, so they are told of a change.

const redraws = new Set();  // functions without arguments

function isDark() {
  return document.documentElement.dataset.theme === "dark";
}

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  const button = document.getElementById("theme");
  button.textContent = dark ? "Light" : "Dark";
  button.setAttribute("aria-label", dark ? "Use light colours" : "Use dark colours");
  for (const redraw of redraws) redraw();
}

function startTheme() {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  const show = () => setTheme(chosen === null ? system.matches : chosen);
  document.getElementById("theme").removeAttribute("aria-pressed");
  document.getElementById("theme").addEventListener("click", () => {
    chosen = !isDark();
    show();
  });
  system.addEventListener("change", show);
  // Paper is light.
  window.addEventListener("beforeprint", () => setTheme(false));
  window.addEventListener("afterprint", show);
  show();
}

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// After Okabe and Ito, darkened on white and lightened on black until each has 3 : 1.
const LIGHT = ["#0072b2", "#c44e00", "#00795a", "#a34383", "#7d6200", "#3d3d3d", "#2787bd", "#7a3fc0"];
const DARK = ["#56b4e9", "#ff9a4d", "#2fc79b", "#e39ac4", "#f0e442", "#d5d5d5", "#9fb4ff", "#e69f00"];

function colour(i) {
  const palette = isDark() ? DARK : LIGHT;
  return palette[i % palette.length];
}

// What tells lines apart without their colour.
const DASHES = [[], [7, 3], [2, 2], [9, 3, 2, 3], [14, 4], [4, 2, 1, 2]];
const MARKS = ["circle", "rect", "triangle", "rectRot", "crossRot", "star"];

// The same for areas: the colour, hatched in one of five ways.
function fill(context, i) {
  const way = i % 5;
  const ink = colour(i);
  if (way === 0) return ink;
  const size = 8;
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const pen = tile.getContext("2d");
  pen.fillStyle = ink;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = pen.fillStyle = token("--ground");
  pen.lineWidth = 1.4;
  pen.beginPath();
  if (way === 1 || way === 2) {
    const up = way === 1;
    for (const shift of [-size, 0, size]) {
      pen.moveTo(shift, up ? size : 0);
      pen.lineTo(shift + size, up ? 0 : size);
    }
  } else if (way === 3) {
    pen.moveTo(0, size / 2);
    pen.lineTo(size, size / 2);
  } else {
    pen.arc(size / 2, size / 2, 1.5, 0, 7);
    pen.fill();
  }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}

// Ground and text of a cell for a share in [0, 1]: one hue, so that order needs no colour
// vision; of black and white the one with more contrast, which is at least 4.5 : 1.
function heat(share) {
  const from = isDark() ? [32, 41, 52] : [240, 246, 252];
  const to = isDark() ? [140, 200, 255] : [8, 64, 120];
  const at = Math.min(1, Math.max(0, share));
  const mixed = from.map((low, i) => Math.round(low + (to[i] - low) * at));
  const linear = mixed.map((value) => {
    const v = value / 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  const light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return {
    ground: `rgb(${mixed.join(",")})`,
    text: 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? "#ffffff" : "#000000",
  };
}
