"use strict";
// Charts: a caption that says what is seen, the picture, and its numbers as a table.

// Vertical lines where a task begins, and whiskers of intervals.
const boundaryLines = {
  id: "boundaryLines",
  beforeDatasetsDraw(chart, _, options) {
    const { ctx, chartArea, scales } = chart;
    ctx.save();
    ctx.font = "11px system-ui, sans-serif";
    ctx.strokeStyle = ctx.fillStyle = token("--quiet");
    ctx.setLineDash([3, 3]);
    let free_from = -Infinity;
    for (const { x, label } of options.at || []) {
      const at = scales.x.getPixelForValue(x);
      ctx.globalAlpha = 0.55;
      ctx.beginPath();
      ctx.moveTo(at, chartArea.top);
      ctx.lineTo(at, chartArea.bottom);
      ctx.stroke();
      ctx.globalAlpha = 1;
      const width = ctx.measureText(label).width;
      if (at + 4 < free_from || at + 4 + width > chartArea.right) continue;
      ctx.fillText(label, at + 4, chartArea.top - 6);
      free_from = at + 12 + width;
    }
    ctx.restore();
  },
};

const whiskers = {
  id: "whiskers",
  afterDatasetsDraw(chart) {
    const { ctx } = chart;
    chart.data.datasets.forEach((dataset, index) => {
      if (!dataset.intervals || !chart.isDatasetVisible(index)) return;
      ctx.save();
      ctx.strokeStyle = dataset.type === "line" || chart.config.type === "line" ? dataset.borderColor : token("--text");
      ctx.lineWidth = 1.5;
      chart.getDatasetMeta(index).data.forEach((point, i) => {
        const interval = dataset.intervals[i];
        if (!interval || !isKnown(interval.low) || !isKnown(interval.high)) return;
        const across = chart.options.indexAxis === "y";
        const scale = across ? chart.scales.x : chart.scales.y;
        const low = scale.getPixelForValue(interval.low);
        const high = scale.getPixelForValue(interval.high);
        const at = across ? point.y : point.x;
        const lines = [[low, at, high, at], [low, at - 4, low, at + 4], [high, at - 4, high, at + 4]];
        for (const [a, b, c, d] of lines) {
          ctx.beginPath();
          ctx.moveTo(across ? a : b, across ? b : a);
          ctx.lineTo(across ? c : d, across ? d : c);
          ctx.stroke();
        }
      });
      ctx.restore();
    });
  },
};

function axis(title, options) {
  return {
    title: { display: Boolean(title), text: title, color: token("--quiet") },
    ticks: { color: token("--quiet"), ...(options && options.ticks) },
    grid: { color: token("--rule"), borderColor: token("--quiet") },
    ...Object.fromEntries(Object.entries(options || {}).filter(([key]) => key !== "ticks")),
  };
}

function shared(legend) {
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    layout: { padding: { top: 12, right: 8 } },
    interaction: { mode: "nearest", intersect: false },
    plugins: {
      legend: {
        display: legend,
        position: "bottom",
        labels: {
          color: token("--text"), usePointStyle: true, boxWidth: 9, boxHeight: 9, padding: 14,
          // Not in the order in which they are drawn.
          sort: (one, other) => one.datasetIndex - other.datasetIndex,
        },
      },
      tooltip: { callbacks: {} },
    },
  };
}

const alive = new Map();  // canvas -> chart

// config(context): made anew for each theme.
function draw(canvas, config) {
  const redraw = () => {
    const before = alive.get(canvas);
    if (before) before.destroy();
    if (!canvas.isConnected) {
      alive.delete(canvas);
      redraws.delete(redraw);
      return;
    }
    alive.set(canvas, new Chart(canvas, config(canvas.getContext("2d"))));
  };
  redraws.add(redraw);
  // The place must have its size first.
  window.requestAnimationFrame(redraw);
}

// A figure. summary: what a reader would say who has seen the picture. numbers: {columns,
// rows} of its table. rows: lines of text that its place is as high as at least.
function figure({ title, summary, config, numbers, tall, rows }) {
  const canvas = make("canvas", { role: "img", "aria-label": `${title}. ${summary}` });
  draw(canvas, config);
  const place = make("div", { class: tall ? "canvas tall" : "canvas" }, canvas);
  if (rows) place.style.minHeight = `${1.5 * rows}rem`;
  return make("figure", {},
    make("figcaption", {}, make("b", {}, title), make("span", {}, summary)),
    place,
    make("details", { class: "data-table" }, make("summary", {}, "Numbers of this chart"), table(title, numbers.columns, numbers.rows)));
}

// series: [{label, points: [{x, y}], intervals}]; y null: a gap. boundaries: [{x, label}].
// as: text of a y. lowest and highest: of the y axis.
function lines({ title, summary, x, y, as, series, boundaries, lowest, highest, tall, rows }) {
  const has_legend = series.length > 1 && series.length <= MOST_NAMED;
  const config = () => {
    const options = shared(has_legend);
    options.plugins.boundaryLines = { at: boundaries };
    options.plugins.tooltip.callbacks = {
      title: (items) => (items.length > 0 ? `${x} ${short(items[0].parsed.x)}` : ""),
      label: (item) => `${item.dataset.label}: ${as(item.parsed.y)}`,
    };
    const spread = rangeOf(series.flatMap((one) => one.points.map((point) => point.x)));
    options.scales = {
      x: axis(x, {
        type: "linear",
        min: rangeOf([spread.low, ...(boundaries || []).map((b) => b.x)]).low,
        max: spread.high,
        ticks: { callback: (value) => (Number.isInteger(value) ? value : "") },
      }),
      y: axis(y, { suggestedMin: lowest, suggestedMax: highest }),
    };
    return {
      type: "line",
      data: {
        datasets: series.map((one, i) => {
          const every = Math.max(1, Math.ceil(one.points.length / 14));
          return {
            label: one.label,
            data: one.points,
            intervals: one.intervals,
            borderColor: colour(i),
            backgroundColor: colour(i),
            borderWidth: 2,
            borderDash: DASHES[i % DASHES.length],
            pointStyle: MARKS[i % MARKS.length],
            pointRadius: one.points.map((_, at) => (at % every === 0 || at === one.points.length - 1 ? 3.5 : 0)),
            pointHoverRadius: 6,
            spanGaps: false,
            // Of equal lines the dashed one lies above the solid one: both are seen.
            order: -i,
            clip: 6,
          };
        }),
      },
      options,
      plugins: [boundaryLines, whiskers],
    };
  };
  const at = [...new Set(series.flatMap((one) => one.points.map((point) => point.x)))].sort((a, b) => a - b);
  const values = series.map((one) => new Map(one.points.map((point) => [point.x, point.y])));
  return figure({
    title, config, tall, rows,
    summary: summary + (series.length > MOST_NAMED ? " The pointer names a line." : ""),
    numbers: {
      columns: [{ label: x }, ...series.map((one) => ({ label: one.label, as }))],
      rows: at.map((point) => [short(point), ...values.map((map) => (map.has(point) ? map.get(point) : ""))]),
    },
  });
}

// labels: of the bars; series: [{label, values, intervals}]. across: bars lie.
function bars({ title, summary, x, y, as, labels, series, stacked, across, tall, lowest, highest }) {
  // Whiskers have their room, too.
  const reached = series.flatMap((one) => (one.intervals || []).filter(Boolean).flatMap(({ low, high }) => [low, high]));
  const bounds = rangeOf([0, lowest, highest, ...reached]);
  const config = (context) => {
    const options = shared(series.length > 1);
    if (across) options.indexAxis = "y";
    options.interaction = { mode: "index", intersect: false, axis: across ? "y" : "x" };
    options.plugins.tooltip.callbacks = {
      label: (item) => `${item.dataset.label}: ${as(across ? item.parsed.x : item.parsed.y)}`,
    };
    const ends = { beginAtZero: true, suggestedMin: bounds.low, suggestedMax: bounds.high, stacked };
    options.scales = across
      ? { y: axis(x, { stacked, ticks: { autoSkip: false } }), x: axis(y, ends) }
      : { x: axis(x, { stacked }), y: axis(y, ends) };
    return {
      type: "bar",
      data: {
        labels,
        datasets: series.map((one, i) => ({
          label: one.label,
          data: one.values,
          intervals: one.intervals,
          backgroundColor: series.length > 1 ? fill(context, i) : colour(i),
          borderColor: colour(i),
          borderWidth: 1,
          maxBarThickness: 46,
          pointStyle: "rect",
        })),
      },
      options,
      plugins: [whiskers],
    };
  };
  return figure({
    title, summary, config, tall, rows: across ? labels.length : 0,
    numbers: {
      columns: [{ label: x || "" }, ...series.map((one) => ({ label: one.label, as }))],
      rows: labels.map((label, i) => [label, ...series.map((one) => one.values[i])]),
    },
  });
}
