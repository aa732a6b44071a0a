"use strict";
// The page of several runs: groups of runs that differ in their seed alone, which all
// statistics are of (launch/report/comparison/comparison.h computes them).

function meanText(summary, as) {
  if (!summary || summary.n === 0) return UNKNOWN;
  if (!isKnown(summary.half_width)) return as(summary.mean);
  return `${as(summary.mean)} ± ${as(summary.half_width)}`;
}

function meanCell(summary, as) {
  const text = meanText(summary, as);
  return make("span", { class: text === UNKNOWN ? "quiet" : null }, text);
}

function interval(summary) {
  return summary && isKnown(summary.half_width)
    ? { low: summary.mean - summary.half_width, high: summary.mean + summary.half_width } : null;
}

const AS = { ratio, rate: count, seconds };

// Of all runs of a group those that count.
function runsText(group) {
  const n = group.summaries.average_incremental_accuracy.n;
  return n === group.runs.length ? count(n) : `${count(n)} of ${count(group.runs.length)}`;
}

function groupsSection(comparison) {
  const groups = comparison.groups;
  const measures = comparison.measures;
  const known = groups.filter((group) => group.summaries.average_incremental_accuracy.n > 0);
  const bar = (name, title) => {
    const with_it = groups.filter((group) => group.summaries[name].n > 0);
    if (with_it.length === 0) return make("p", {}, `${title}: unknown for all.`);
    const by_merit = [...with_it].sort((a, b) =>
      (name === "forgetting" ? 1 : -1) * (a.summaries[name].mean - b.summaries[name].mean));
    return bars({
      title, across: true, tall: groups.length > 6,
      summary: `${listed(by_merit.map((group) => `${group.label}: ${meanText(group.summaries[name], ratio)} (n = ${group.summaries[name].n})`), "group", "best", "worst")}.`,
      x: "", y: "mean and its 95 % interval", as: ratio, lowest: 0, highest: name === "forgetting" ? undefined : 1,
      labels: with_it.map((group) => group.label),
      series: [{
        label: title, values: with_it.map((group) => group.summaries[name].mean),
        intervals: with_it.map((group) => interval(group.summaries[name])),
      }],
    });
  };
  return section("Groups, best first", "Groups",
    make("p", { class: "lead" },
      "A group is all runs that differ in nothing but their seed. Shown are mean ± half of the 95 % interval of the mean by Student's t, and the standard deviation s; a group of one run has neither. ",
      known.length > 1 ? "Intervals that overlap do not show a difference; those apart are of the groups as they were run, not of methods as such." : ""),
    table("Sorted by average incremental accuracy",
      [{ label: "group" }, { label: "n", as: count }, ...measures.map((one) => ({ label: one.label, as: AS[one.unit] })), { label: "s of average incremental", as: ratio }],
      groups.map((group) => [
        group.label, runsText(group), ...measures.map((one) => meanCell(group.summaries[one.name], AS[one.unit])),
        group.summaries.average_incremental_accuracy.standard_deviation])),
    make("div", { class: "charts" },
      bar("average_incremental_accuracy", "Average incremental accuracy"), bar("forgetting", "Forgetting (lower is better)")),
    curves(groups));
}

function curves(groups) {
  const all = groups.filter((group) => group.by_task.some((one) => one.n > 0));
  if (all.length === 0) return null;
  // More lines than a legend can name are a tangle.
  const with_it = all.slice(0, MOST_NAMED);
  return lines({
    title: "Accuracy over all seen classes, S(i), after each task",
    summary: `${with_it.length < all.length ? `The best ${with_it.length} of ${all.length} groups. ` : ""}${with_it.map((group) => {
      const last = [...group.by_task].reverse().find((one) => one.n > 0);
      return `${group.label} ends at ${meanText(last, ratio)}`;
    }).join("; ")}. Whiskers: 95 % intervals where there are several seeds.`,
    x: "tasks learnt", y: "accuracy", as: ratio, lowest: 0, highest: 1, tall: true,
    // On a phone each name in the legend has a line of its own.
    rows: with_it.length > 6 ? 14 + with_it.length : 0,
    series: with_it.map((group) => ({
      label: group.label,
      points: group.by_task.map((one, i) => ({ x: i + 1, y: one.n > 0 ? one.mean : null })),
      intervals: group.by_task.map(interval),
    })),
  });
}

function scratchSection(comparison) {
  if (comparison.scratch.length === 0) return null;
  return section("Trained from scratch against continually", "Scratch",
    make("p", { class: "lead" }, "--scratch learns all tasks seen so far anew, without a buffer: what a method is measured against. The difference is of the means; its interval is Welch's, of two seeds or more on either side."),
    table("Continual less scratch",
      [{ label: "continual" }, { label: "measure" }, { label: "continual", as: ratio }, { label: "scratch", as: ratio }, { label: "difference", as: ratio }],
      comparison.scratch.flatMap((pair) => pair.differences.map((one) => [
        comparison.groups[pair.continual].label, one.label,
        meanCell(comparison.groups[pair.continual].summaries[one.name], AS[one.unit]),
        meanCell(comparison.groups[pair.scratch].summaries[one.name], AS[one.unit]),
        make("span", {}, isKnown(one.half_width) ? `${AS[one.unit](one.mean)} ± ${AS[one.unit](one.half_width)}` : AS[one.unit](one.mean))]))));
}

function scalingSection(comparison) {
  if (comparison.scaling.length === 0) return null;
  const content = [make("p", { class: "lead" },
    "Groups that differ in ranks alone. Speed-up: images a second over those of the fewest ranks; efficiency: speed-up over the growth in ranks. ",
    comparison.cost_model ? `Predicted: ${comparison.cost_model.source}.` : "No cost model was given (--cost-model).")];
  for (const one of comparison.scaling) {
    const points = one.points;
    const of = (name) => points.map((point) => ({ x: point.world_size, y: point[name] }));
    const predicted = points.some((point) => isKnown(point.predicted_efficiency));
    const last = points[points.length - 1];
    const two = (value) => fixed(value, 2);
    content.push(make("h3", {}, one.label), table(`Scaling of ${one.label}`,
      [{ label: "ranks" }, { label: "n", as: count }, { label: "images/s", as: count }, { label: "speed-up", as: two }, { label: "efficiency", as: two },
        ...(predicted ? [{ label: "predicted efficiency", as: two }] : [])],
      points.map((point) => [
        String(point.world_size), point.images_per_second.n, meanCell(point.images_per_second, count), point.speed_up, point.efficiency,
        ...(predicted ? [point.predicted_efficiency] : [])])),
    make("div", { class: "charts" },
      lines({
        title: `Speed-up of ${one.label}`, summary: `${plural(last.world_size, "rank")}: ${two(last.speed_up)} times the images a second of ${plural(points[0].world_size, "rank")}.`,
        x: "ranks", y: "times", as: two, lowest: 0,
        series: [
          { label: "measured", points: of("speed_up") },
          { label: "linear", points: points.map((point) => ({ x: point.world_size, y: point.world_size / points[0].world_size })) },
          ...(predicted ? [{ label: "cost model", points: points.map((point) => ({ x: point.world_size, y: isKnown(point.predicted_efficiency) ? (point.predicted_efficiency * point.world_size) / points[0].world_size : null })) }] : []),
        ],
      }),
      lines({
        title: `Efficiency of ${one.label}`, summary: `${two(last.efficiency)} on ${plural(last.world_size, "rank")}${predicted ? `, predicted ${two(last.predicted_efficiency)}` : ""}.`,
        x: "ranks", y: "share", as: two, lowest: 0, highest: 1,
        series: [{ label: "measured", points: of("efficiency") }, ...(predicted ? [{ label: "cost model", points: of("predicted_efficiency") }] : [])],
      })));
  }
  return section("More ranks", "Ranks", content);
}

function differencesSection(comparison, runs) {
  if (comparison.settings.length === 0) return null;
  return section("What differs", "Differences",
    make("p", { class: "lead" }, "Settings that are not the same in all runs, folders of results left out."),
    table("Settings by run", [{ label: "setting" }, ...runs.map((run) => ({ label: run.name }))],
      comparison.settings.map((setting) => [setting.name, ...setting.values.map((value) => make("span", { class: "mono" }, value === null ? UNKNOWN : value))])));
}

function runsSection(comparison, runs) {
  const group_of = new Map(comparison.groups.flatMap((group) => group.runs.map((run) => [run, group.label])));
  return section("Runs", "Runs", table("Runs in the order in which they were named",
    [{ label: "run" }, { label: "group" }, { label: "state" }, { label: "data" }, { label: "seed" }, { label: "S(T)", as: ratio }, { label: "average incremental", as: ratio }, { label: "forgetting", as: ratio }, { label: "images/s", as: count }, { label: "training", as: seconds }],
    runs.map((run, i) => {
      const head = primaryHead(run);
      return [
        run.name, group_of.get(i), run.state, run.generated_data === null ? UNKNOWN : run.generated_data ? "generated" : "real", run.seed,
        measure(head, "sample_mean_accuracy"), measure(head, "average_incremental_accuracy"), measure(head, "forgetting"), run.images_per_second, run.training_seconds];
    })));
}

function comparisonPage(model) {
  const { comparison, runs } = model;
  const best = comparison.groups[0];
  return [
    make("h1", {}, `${plural(runs.length, "run")} in ${plural(comparison.groups.length, "group")}`),
    make("p", { class: "lead" }, `Compared by the average incremental accuracy of each method's own classifier.`),
    comparison.warnings.map((text) => banner("warn", make("p", {}, text))),
    keyFigures([
      { label: "Best group", value: best.summaries.average_incremental_accuracy.n > 0 ? best.label : UNKNOWN, note: "by average incremental accuracy" },
      { label: "Its average incremental", value: meanText(best.summaries.average_incremental_accuracy, ratio), note: `n = ${best.summaries.average_incremental_accuracy.n}` },
      { label: "Its final accuracy", value: meanText(best.summaries.sample_mean_accuracy, ratio), note: "S(T)" },
      { label: "Its forgetting", value: meanText(best.summaries.forgetting, ratio), note: "lower is better" },
    ]),
    groupsSection(comparison), scratchSection(comparison), scalingSection(comparison), differencesSection(comparison, runs), runsSection(comparison, runs),
  ];
}
