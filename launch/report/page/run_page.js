"use strict";
// The page of one run, in the order in which a reader asks: can it be believed, how good is it,
// what did it forget, what did it cost, what exactly ran.

function runTitle(run) {
  return `${run.agent || "unknown method"} on ${run.dataset || "unknown data"}`;
}

function stateBanner(run) {
  if (run.state === "finished") return null;
  const what = {
    failed: "This run failed.",
    running: "This run was still going on when the page was made.",
  }[run.state] || "This run has not ended: it was ended from outside, or goes on on another host.";
  return banner(run.state === "running" ? "warn" : "bad",
    make("p", {}, make("b", {}, what), ` Last position known: ${run.position || UNKNOWN}. `,
      "What follows is of the part that was recorded; measures of the whole run are unknown."),
    run.error ? make("span", { class: "mono" }, run.error) : null);
}

function dataBanner(run) {
  if (run.generated_data === true) {
    return banner("warn", make("p", {}, make("b", {}, "Generated data."),
      ` This run does not use the real ${run.dataset} data set; its accuracies say nothing about it.`));
  }
  if (run.generated_data === null) {
    return banner("warn", make("p", {}, "Whether the data was real is unknown."));
  }
  return null;
}

function primaryHead(run) {
  return run.heads.find((head) => head.primary) || run.heads[0] || null;
}

function measure(head, name) {
  return head && head[name] ? head[name].value : null;
}

// [name, {value, formula}] of all.
function measuresOf(head) {
  return Object.entries(head).filter(([, one]) => one && one.formula);
}

function lastKnown(values) {
  for (let i = values.length - 1; i >= 0; --i) if (isKnown(values[i])) return { task: i, value: values[i] };
  return null;
}

function runFigures(run) {
  const head = primaryHead(run);
  const tasks = run.num_tasks;
  const last = head ? lastKnown(head.sample_mean_by_task) : null;
  const final = measure(head, "sample_mean_accuracy");
  const so_far = !isKnown(final) && last;
  return keyFigures([
    so_far
      ? { label: `Accuracy after task ${last.task + 1}`, value: ratio(last.value), note: `S(${last.task + 1}), the last task that ended` }
      : { label: "Final accuracy", value: ratio(final), note: `S(${tasks || "T"}), over all test samples` },
    { label: "Average incremental", value: ratio(measure(head, "average_incremental_accuracy")), note: "mean of S(i) over tasks" },
    { label: "Forgetting", value: ratio(measure(head, "forgetting")), note: tasks === 1 ? "needs two tasks" : "lower is better" },
    { label: "Backward transfer", value: ratio(measure(head, "backward_transfer")), note: tasks === 1 ? "needs two tasks" : "below 0: tasks were forgotten" },
    { label: "Data", value: run.generated_data === null ? UNKNOWN : run.generated_data ? "generated" : "real", note: run.dataset },
    { label: "Training", value: seconds(run.training_seconds), note: isKnown(run.images_per_second) ? `${count(run.images_per_second)} images/s on ${plural(run.world_size, "rank")}` : null },
  ]);
}

function matrixTable(head, tasks) {
  const heats = [];
  const rows = [];
  for (let i = 0; i < tasks; ++i) {
    const row = [make("th", { scope: "row" }, `after task ${i + 1}`)];
    for (let j = 0; j < tasks; ++j) {
      if (j > i) {
        row.push(make("td", {}));
        continue;
      }
      const value = head.accuracy_matrix[i][j];
      const place = make("td", { class: isKnown(value) ? "cell" : "cell unknown" }, ratio(value));
      if (isKnown(value)) heats.push([place, value]);
      row.push(place);
    }
    row.push(make("td", { class: "mean" }, ratio(head.task_mean_by_task[i])), make("td", { class: "mean" }, ratio(head.sample_mean_by_task[i])));
    rows.push(make("tr", {}, row));
  }
  const paint = () => {
    for (const [place, value] of heats) {
      const { ground, text } = heat(value);
      place.style.backgroundColor = ground;
      place.style.color = text;
    }
  };
  redraws.add(paint);
  paint();
  const caption = `Top-1 accuracy a(i,j) on task j's test set after task i, classifier ${head.name}`;
  return scroll(caption, make("table", { class: "heat" },
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, make("td", {}),
      Array.from({ length: tasks }, (_, j) => make("th", { scope: "col" }, `task ${j + 1}`)),
      make("th", { scope: "col" }, "A(i)"), make("th", { scope: "col" }, "S(i)"))),
    make("tbody", {}, rows)));
}

function measuresTable(head) {
  return table(`Measures of classifier ${head.name}`,
    [{ label: "measure" }, { label: "value", as: ratio }, { label: "formula" }],
    measuresOf(head).map(([name, one]) => [name.replaceAll("_", " "), one.value, make("span", { class: "formula" }, one.formula)]));
}

function accuracySection(run) {
  if (run.heads.length === 0) {
    return section("Accuracy", "Accuracy", make("p", {}, "Unknown: no test was recorded. The run was evaluated not at all, or not yet."));
  }
  return section("Accuracy", "Accuracy",
    make("p", { class: "lead" }, "Shares of test samples, in [0, 1]. A(i) is the mean over tasks, S(i) over all test samples seen so far."),
    tabs("Classifier", run.heads.map((head) => ({
      label: head.name + (head.primary ? "" : " (not the method's own)"),
      make: () => [
        matrixTable(head, run.num_tasks),
        make("div", { class: "charts" }, accuracyOverTime(run, head), meansOverTasks(head)),
        measuresTable(head),
        head.confusion ? confusionTable(head.confusion) : null,
      ].filter(Boolean),
    }))));
}

// Where tasks begin, in epochs of the run.
function boundaries(run) {
  const tasks = run.heads.length > 0 || run.epochs.length > 0 || run.steps.length > 0 ? run.num_tasks : 0;
  return Array.from({ length: tasks }, (_, i) => ({ x: i * run.epochs_per_task, label: `task ${i + 1}` }));
}

function accuracyOverTime(run, head) {
  const series = Array.from({ length: run.num_tasks }, (_, j) => ({
    label: `task ${j + 1}`,
    // Before a later task all is as after the one before it, but for classes that are not learnt
    // yet: a second value at the same place of the axis.
    points: head.tests.filter((test) => test.test_task === j && (test.epoch > 0 || test.task === j))
      .map((test) => ({ x: test.task * run.epochs_per_task + test.epoch, y: test.top1 })),
  })).filter((one) => one.points.length > 0);
  const said = series.map((one) => {
    const known = one.points.filter((point) => isKnown(point.y));
    const trained = known.filter((point) => point.x > 0);
    if (trained.length === 0) return null;
    const best = rangeOf(trained.map((point) => point.y)).high;
    return `${one.label}: best ${best.toFixed(3)}, last ${trained[trained.length - 1].y.toFixed(3)}`;
  }).filter(Boolean);
  return lines({
    title: "Accuracy of each task while later ones are learnt",
    summary: said.length > 0 ? `${listed(said, "task", "the first", "the last")}.` : "No accuracy is known.",
    x: "epochs trained", y: "top-1 accuracy", as: ratio, lowest: 0, highest: 1, series, boundaries: boundaries(run), tall: true,
  });
}

function meansOverTasks(head) {
  const of = (values) => values.map((y, i) => ({ x: i + 1, y }));
  const last = lastKnown(head.sample_mean_by_task);
  const first = head.sample_mean_by_task[0];
  return lines({
    title: "Mean accuracy after each task",
    summary: last ? `S is ${ratio(first)} after task 1 and ${ratio(last.value)} after task ${last.task + 1}.` : "No mean is known.",
    x: "tasks learnt", y: "accuracy", as: ratio, lowest: 0, highest: 1, tall: true,
    series: [
      { label: "A: mean over tasks", points: of(head.task_mean_by_task) },
      { label: "S: over test samples", points: of(head.sample_mean_by_task) },
    ],
  });
}

function confusionTable(confusion) {
  const { classes, true_classes, predicted_classes, counts } = confusion;
  if (counts.length === 0) {
    return make("div", {}, make("h3", {}, "Confusion"),
      make("p", {}, `${count(classes)} classes are too many for a table: reprise export --table=confusion has the counts.`));
  }
  const heats = [];
  const rows = counts.map((row, i) => {
    const sum = row.reduce((a, b) => a + b, 0);
    return make("tr", {}, make("th", { scope: "row" }, `is ${true_classes[i]}`), row.map((value) => {
      const place = make("td", { class: "cell" }, count(value));
      if (sum > 0) heats.push([place, value / sum]);
      return place;
    }));
  });
  const paint = () => heats.forEach(([place, share]) => {
    const { ground, text } = heat(share);
    place.style.backgroundColor = ground;
    place.style.color = text;
  });
  redraws.add(paint);
  paint();
  const caption = `Confusion after task ${confusion.task + 1}: test samples of a class (rows) by the class that they were taken for (columns)`;
  return make("div", {}, make("h3", {}, "Confusion"), scroll(caption, make("table", { class: "heat" },
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, make("td", {}), predicted_classes.map((label) => make("th", { scope: "col" }, `as ${label}`)))),
    make("tbody", {}, rows))));
}

function lossOverSteps(run) {
  const known = run.steps.filter((step) => isKnown(step.loss));
  if (known.length < 2) return null;
  const four = (value) => fixed(value, 4);
  return lines({
    title: "Loss within epochs",
    summary: `Mean of each epoch so far, on rank 0, at ${plural(run.steps.length, "step")} of the run: from ${four(known[0].loss)} to ${four(known[known.length - 1].loss)}.`,
    x: "epochs trained", y: "loss", as: four, boundaries: boundaries(run),
    series: [{ label: "objective so far", points: run.steps.map((step) => ({ x: step.epochs, y: step.loss })) }],
  });
}

function trainingSection(run) {
  if (run.epochs.length === 0) {
    return section("Training", "Training", make("p", {}, "Unknown: no epoch ended."), lossOverSteps(run));
  }
  const at = (epoch) => epoch.epoch_of_run + 1;
  const of = (name) => run.epochs.map((epoch) => ({ x: at(epoch), y: epoch[name] }));
  const first = run.epochs[0];
  const last = run.epochs[run.epochs.length - 1];
  const marks = boundaries(run).map(({ x, label }) => ({ x: x + 0.5, label }));
  const has_rehearsal = run.epochs.some((epoch) => isKnown(epoch.representative_loss));
  const both = (name, text) => `From ${text(first[name])} in the first epoch to ${text(last[name])} in the last of ${run.epochs.length}.`;
  const four = (value) => fixed(value, 4);
  return section("Training", "Training",
    make("p", { class: "lead" }, "Over all ranks, by epoch of the run. Dashed verticals: a task begins."),
    make("div", { class: "charts" },
      lines({
        title: "Loss", summary: both("loss", four), x: "epoch", y: "loss", as: four, boundaries: marks,
        series: [
          { label: "objective", points: of("loss") },
          { label: "incoming", points: of("incoming_loss") },
          ...(has_rehearsal ? [{ label: "representatives", points: of("representative_loss") }] : []),
        ],
      }),
      lossOverSteps(run),
      lines({
        title: "Training accuracy of incoming samples", summary: both("top1", ratio), x: "epoch", y: "share", as: ratio,
        lowest: 0, highest: 1, boundaries: marks,
        series: [{ label: "top-1", points: of("top1") }, { label: "top-5", points: of("top5") }],
      }),
      lines({
        title: "Images a second", summary: both("images_per_second", count), x: "epoch", y: "incoming samples/s", as: count,
        lowest: 0, boundaries: marks, series: [{ label: "images/s", points: of("images_per_second") }],
      }),
      lines({
        title: "Learning rate", summary: both("learning_rate", short), x: "epoch", y: "at the last step", as: short,
        lowest: 0, boundaries: marks, series: [{ label: "learning rate", points: of("learning_rate") }],
      })));
}

function timeSection(run) {
  const names = run.phases;
  const words = (name) => name.replaceAll("_", " ");
  // Of tasks rather than of epochs: what is drawn stays readable at any length of a run.
  const by_task = new Map();
  for (const epoch of run.epochs) {
    if (!epoch.phase_seconds) continue;
    const sums = by_task.get(epoch.task) || new Map(names.map((name) => [name, 0]));
    for (const name of names) sums.set(name, sums.get(name) + epoch.phase_seconds[name]);
    by_task.set(epoch.task, sums);
  }
  const total = run.phase_seconds ? names.reduce((sum, name) => sum + run.phase_seconds[name], 0) : null;
  const rows = run.phase_seconds
    ? names.map((name) => [words(name), run.phase_seconds[name], percent(run.phase_seconds[name], total)])
    : [];
  const most = rows.length > 0 ? rows.reduce((a, b) => (b[1] > a[1] ? b : a)) : null;
  const content = [make("p", { class: "lead" }, "Seconds of rank 0, which is one of those that wait for each other.")];
  if (by_task.size > 0) {
    content.push(bars({
      title: "Training time by phase and task",
      summary: most ? `Over the whole run ${most[0]} takes most: ${seconds(most[1])}, ${most[2]}.` : "The run has no total yet.",
      x: "task", y: "seconds", as: seconds, stacked: true, tall: true,
      labels: [...by_task.keys()].map((task) => `task ${task + 1}`),
      series: names.map((name) => ({ label: words(name), values: [...by_task.values()].map((sums) => sums.get(name)) })),
    }));
  }
  content.push(rows.length > 0
    ? table("Whole run, evaluation included", [{ label: "phase" }, { label: "time", as: seconds }, { label: "share", as: String }], rows)
    : make("p", {}, "Totals of the whole run are unknown: it has not ended."));
  content.push(make("p", {}, "Of the time of reductions, backward hid: ",
    run.world_size === 1 ? "nothing to reduce on one rank." : isKnown(run.overlap_share) ? `${(100 * run.overlap_share).toFixed(1)} %.` : `${UNKNOWN}.`));
  return section("Where the time went", "Time", content);
}

function bufferSection(run) {
  const tasks = run.tasks.filter((task) => Object.keys(task.agent.by_class).length > 0);
  const scalars = run.tasks.filter((task) => Object.keys(task.agent.scalars).length > 0);
  if (tasks.length === 0 && scalars.length === 0) return null;
  const words = (name) => name.replaceAll("_", " ");
  const of = (task) => {
    const by_class = task.agent.by_class;
    const names = Object.keys(by_class);
    const classes = rangeOf(names.map((name) => by_class[name].length)).high;
    const labels = Array.from({ length: classes }, (_, i) => String(i));
    const occupancy = ["stored", "unique", "exemplars"].filter((name) => by_class[name]);
    const sum = (name) => by_class[name].reduce((a, b) => a + b, 0);
    return [
      occupancy.length > 0 ? bars({
        title: `Stored samples by class after task ${task.task + 1}`,
        summary: `${occupancy.map((name) => `${words(name)}: ${count(sum(name))} in all`).join("; ")}.`,
        x: "class", y: "samples", as: count, labels, tall: true,
        series: occupancy.map((name) => ({ label: words(name), values: by_class[name] })),
      }) : null,
      table(`By class after task ${task.task + 1}`,
        [{ label: "class" }, ...names.map((name) => ({ label: words(name), as: short }))],
        labels.map((label, i) => [label, ...names.map((name) => (i < by_class[name].length ? by_class[name][i] : null))])),
    ].filter(Boolean);
  };
  return section("Rehearsal buffer and the method's own numbers", "Buffer",
    make("p", { class: "lead" }, "As the method reports them at the end of each task. Different samples among the stored are called unique."),
    tasks.length > 0 ? tabs("After task", tasks.map((task) => ({ label: `task ${task.task + 1}`, make: () => of(task) })).reverse()) : null,
    scalars.length > 0 ? table("Numbers of the whole buffer",
      [{ label: "after task" }, ...Object.keys(scalars[0].agent.scalars).map((name) => ({ label: words(name), as: short }))],
      scalars.map((task) => [String(task.task + 1), ...Object.keys(scalars[0].agent.scalars).map((name) => task.agent.scalars[name])])) : null);
}

function skew(values) {
  const known = values.filter(isKnown);
  const mean = known.reduce((a, b) => a + b, 0) / known.length;
  const { low, high } = rangeOf(known);
  return known.length > 1 && mean > 0 ? (high - low) / mean : null;
}

function ranksSection(run) {
  const task = [...run.tasks].reverse().find((one) => Object.keys(one.agent.by_rank).length > 0);
  const names = task ? Object.keys(task.agent.by_rank) : [];
  const words = (name) => name.replaceAll("_", " ");
  const rows = run.ranks.map((rank, i) => [
    String(rank.rank), rank.host || UNKNOWN, rank.device || UNKNOWN, rank.cores || UNKNOWN, rank.threads,
    ...names.map((name) => (i < task.agent.by_rank[name].length ? task.agent.by_rank[name][i] : null)),
  ]);
  const content = [rows.length === 0 ? make("p", {}, "What ranks ran on was not recorded.") : table("What each rank runs on",
    [{ label: "rank" }, { label: "host" }, { label: "device" }, { label: "cores" }, { label: "threads", as: count }, ...names.map((name) => ({ label: `${words(name)} after task ${task.task + 1}`, as: short }))],
    rows)];
  if (run.world_size > 1 && names.length > 0) {
    content.push(
      bars({
        title: `Skew of ranks after task ${task.task + 1}`,
        summary: `${names.map((name) => {
          const value = skew(task.agent.by_rank[name]);
          return `${words(name)}: largest less smallest is ${isKnown(value) ? `${(100 * value).toFixed(1)} % of the mean` : UNKNOWN}`;
        }).join("; ")}.`,
        x: "rank", y: "of the mean of ranks", as: (value) => fixed(value, 3), labels: Array.from({ length: rangeOf(names.map((name) => task.agent.by_rank[name].length)).high }, (_, rank) => `rank ${rank}`),
        series: names.map((name) => {
          const values = task.agent.by_rank[name];
          const mean = values.reduce((a, b) => a + b, 0) / values.length;
          return { label: words(name), values: values.map((value) => (mean > 0 ? value / mean : null)) };
        }),
      }));
  } else {
    content.push(make("p", {}, run.world_size === 1 ? "One rank: nothing to compare." : "What ranks differ in was not recorded."));
  }
  return section("Ranks", "Ranks", content);
}

function settingsSection(run) {
  if (run.settings.length === 0) {
    return section("Configuration", "Configuration", make("p", {}, "Unknown: run.json has no settings."));
  }
  const is_default = (setting) => setting.origin === "default";
  const sorted = [...run.settings].sort((a, b) => Number(is_default(a)) - Number(is_default(b)));
  const rows = sorted.map((setting) => make("tr", { class: is_default(setting) ? null : "changed" },
    make("th", { scope: "row" }, setting.name),
    make("td", { class: "text" }, make("span", { class: "mono" }, setting.value)),
    make("td", {}, setting.origin)));
  const changed = sorted.filter((setting) => !is_default(setting)).length;
  const status = make("span", { role: "status", class: "quiet" }, `${rows.length} settings, ${changed} not the default`);
  const search = make("input", { type: "search", id: "find-setting", autocomplete: "off" });
  search.addEventListener("input", () => {
    const wanted = search.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      shown += row.hidden ? 0 : 1;
    }
    status.textContent = `${shown} of ${rows.length} settings`;
  });
  return section("Configuration", "Configuration",
    make("div", { class: "controls" }, make("label", { for: "find-setting" }, "Find"), search, status),
    scroll("Settings", make("table", {},
      make("caption", {}, "Settings, those that are not the default first"),
      make("thead", {}, make("tr", {}, ["setting", "value", "origin"].map((label) => make("th", { scope: "col" }, label)))),
      make("tbody", {}, rows))));
}

function provenanceSection(run) {
  return section("Provenance", "Provenance",
    scroll("What ran, on what, with which data", make("table", {},
      make("caption", {}, "What ran, on what, with which data"),
      make("tbody", {}, run.provenance.map(({ name, value }) => make("tr", {},
        make("th", { scope: "row" }, name),
        make("td", { class: value === null ? "text unknown" : "text" }, value === null ? UNKNOWN : make("span", { class: "mono" }, value))))))));
}

function runPage(run) {
  return [
    make("h1", {}, runTitle(run)),
    make("p", { class: "lead" },
      [run.model, isKnown(run.num_tasks) ? plural(run.num_tasks, "task") : null, isKnown(run.epochs_per_task) ? `${plural(run.epochs_per_task, "epoch")} each` : null,
        isKnown(run.world_size) ? plural(run.world_size, "rank") : null, run.seed === null ? null : `seed ${run.seed}`,
        run.started ? `started ${run.started}` : null].filter(Boolean).join(" · "),
      make("br", {}), make("span", { class: "mono" }, run.folder)),
    stateBanner(run), dataBanner(run), runFigures(run),
    accuracySection(run), trainingSection(run), timeSection(run), bufferSection(run), ranksSection(run),
    settingsSection(run), provenanceSection(run),
  ];
}
