"use strict";
// Draws the page of the model that the program wrote (launch/report/report_page.h).

function start() {
  const model = JSON.parse(document.getElementById("model").textContent);
  startTheme();
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  const is_comparison = model.comparison !== null;
  document.getElementById("kind").textContent = is_comparison ? "comparison" : "report";
  const content = is_comparison ? comparisonPage(model) : runPage(model.runs[0]);
  document.getElementById("content").append(...content.flat(Infinity).filter(Boolean));
  document.getElementById("made").textContent = `Made by Reprise ${model.version} on ${model.made}.`;
}

start();
