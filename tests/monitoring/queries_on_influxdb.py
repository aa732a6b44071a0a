#!/usr/bin/env python3
"""Every query of every dashboard on a real InfluxDB that holds real runs.

Usage: queries_on_influxdb.py PROGRAM INFLUXD FOLDER

Runs NIL on two ranks, iCaRL and fine-tuning on one, which write to an InfluxDB of the test's
own, adds points as Telegraf writes them, makes the dashboards by `PROGRAM monitoring`, fills in
their variables as Grafana does, and asks everything that they ask. Each query must give values,
each variable too, and the measures of continual learning must be those of summary.json. Then runs
or hosts are chosen, one and two: each query must give what it gave of these, and nothing of others.
"""

import json
import pathlib
import re
import subprocess
import sys
import time

from private_influxdb import PrivateInfluxDb
from telegraf_points import telegraf_points

TASKS = "{'scenario': 'class', 'initial_increment': 4, 'increment': 3}"
RUNS = {"nil": 2, "icarl": 1, "base": 1}  # ranks
# What a data source of the dashboards is provisioned with.
DATABASES = {"reprise-influxdb": "reprise", "reprise-telegraf": "telegraf"}
ALL = ".*"  # allValue of the variables
DAY_NS = 86400 * 10**9
# Absolute times, as Grafana's: the answers of two queries are comparable.
NOW_MS = time.time_ns() // 10**6
TIME_FILTER = f"time >= {NOW_MS - 3600_000}ms AND time <= {NOW_MS + 3600_000}ms"


def under_another_id(lines, run_id, other, shift_ns=0):
    """The points of a run as another run's, at another time."""
    for line in lines:
        point, _, time_ns = line.rpartition(" ")
        yield f"{point.replace(f',run={run_id}', f',run={other}', 1)} {int(time_ns) + shift_ns}"


def as_regex(values):
    """Of a variable with several values, as Grafana writes ${name:regex}."""
    escaped = [re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\g<0>", value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def train(program, server, agent, ranks, results):
    """Trains in seconds and returns summary.json."""
    command = [program, "--quick", "--dataset=mnist", "--model=mnistnet", "--epochs=2"]
    command += [f"--agent={agent}", f"--ranks={ranks}", f"--tasksets-config={TASKS}"]
    command += ["--log-interval=1", f"--results-dir={results}", f"--save-dir={agent}"]
    command += [f"--influx-url={server.url}", f"--influx-database={DATABASES['reprise-influxdb']}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads((results / agent / "summary.json").read_text())


class Asked:
    """A dashboard with values for its variables, and the answers to what it asks.

    `chosen`: values by the name of a variable; of all others everything is chosen.
    """

    def __init__(self, server, dashboard, chosen=None):
        self.server = server
        self.dashboard = dashboard
        self.values = {
            "timeFilter": TIME_FILTER,
            "__interval": "10s" if "host" in json.dumps(dashboard) else "1s",
        }
        self.choices = {}
        for variable in dashboard["templating"]["list"]:
            self._choose(variable, chosen or {})

    def _choose(self, variable, chosen):
        name = variable["name"]
        if variable["type"] == "datasource":
            self.values[name] = variable["current"]["value"]
            return
        series = self._ask(variable["query"], variable["datasource"])
        # SHOW TAG VALUES gives [key, value], SELECT [time, value].
        choices = [row[1] for one in series for row in one["values"]]
        if not choices and not chosen:
            raise RuntimeError(f"variable {name} has no value: {variable['query']}")
        self.choices[name] = choices
        if name in chosen:
            self.values[name] = as_regex(chosen[name])
        elif variable["includeAll"]:
            self.values[name] = ALL
        else:
            self.values[name] = str(choices[0]) if choices else ""

    def filled(self, query):
        def value(match):
            return self.values[match.group(1) or match.group(2)]

        return re.sub(r"\$(?:\{(\w+)(?::regex)?\}|(\w+))", value, query)

    def _ask(self, query, source):
        database = DATABASES[self.filled(source["uid"])]
        return self.server.query(database, self.filled(query))

    def series(self, query, source):
        """The series that hold a value; those of a name that the answer lacks are a failure."""
        return [
            one
            for one in self._ask(query, source)
            if any(value is not None for row in one["values"] for value in row[1:])
        ]

    def queries(self):
        """Yields (where, query, source) of all marks and panels."""
        uid = self.dashboard["uid"]
        for mark in self.dashboard["annotations"]["list"]:
            yield f"{uid}: {mark['name']}", mark["target"]["query"], mark["datasource"]
        for panel in self.dashboard["panels"]:
            for target in panel.get("targets", []):
                where = f"{uid}: {panel['title']} {target['refId']}"
                yield where, target["query"], target["datasource"]


def fields_of_matrix(panel):
    for step in panel.get("transformations", []):
        if step["id"] == "groupingToMatrix":
            yield from (step["options"][f"{kind}Field"] for kind in ("row", "column", "value"))
        if step["id"] == "calculateField":
            yield from (step["options"]["binary"][side] for side in ("left", "right"))


def names_made_by(panel, asked):
    """Columns that its transformations add, and variables that are numbers."""
    for step in panel.get("transformations", []):
        if step["id"] == "calculateField":
            yield step["options"]["alias"]
    for name, value in asked.values.items():
        if re.fullmatch(r"[0-9.e+-]+", value):
            yield f"${name}"


def check_dashboard(server, dashboard, failures):
    """Asks everything; returns how many panels, queries and variables there were."""
    asked = Asked(server, dashboard)
    panels = queries = 0
    for annotation in dashboard["annotations"]["list"]:
        queries += 1
        if not asked.series(annotation["target"]["query"], annotation["datasource"]):
            failures.append(f"{dashboard['uid']}: {annotation['name']}: no value")
    for panel in dashboard["panels"]:
        panels += panel["type"] != "row"
        for target in panel.get("targets", []):
            queries += 1
            place = f"{dashboard['uid']}: {panel['title']} {target['refId']}"
            try:
                series = asked.series(target["query"], target["datasource"])
            except RuntimeError as error:
                failures.append(f"{place}: {error}")
                continue
            if not series:
                failures.append(f"{place}: no value: {asked.filled(target['query'])}")
                continue
            there = set(series[0]["columns"]) | set(series[0].get("tags", {}))
            there |= set(names_made_by(panel, asked))
            for field in fields_of_matrix(panel):
                if field not in there:
                    failures.append(f"{place}: no column {field} among {sorted(there)}")
    return panels, queries, len(asked.choices)


def rows_of(series):
    """Each row as a text, beside its tags and columns by name."""
    for one in series:
        for row in one["values"]:
            named = {**one.get("tags", {}), **dict(zip(one["columns"], row))}
            yield json.dumps(named, sort_keys=True), named


def check_choice(server, dashboard, variable, tags, failures):
    """With these chosen, by `variable`, everything is asked again.

    `tags`: that points of the chosen may have, by name; those of `variable` are the chosen.
    """
    every = Asked(server, dashboard)
    some = Asked(server, dashboard, {variable: sorted(tags[variable])})
    compared = 0
    for where, query, source in some.queries():
        try:
            found = list(rows_of(some.series(query, source)))
        except RuntimeError as error:
            failures.append(f"{where}: {error}")
            continue
        of_all = list(rows_of(every.series(query, source)))
        if "${" + variable not in query:
            expected = of_all  # of all hosts: marks of runs
        elif all(variable in named for _, named in of_all):
            expected = [row for row in of_all if row[1][variable] in tags[variable]]
        else:  # of all that are chosen, together
            expected = found
            if not found:
                failures.append(f"{where}: no value with {tags[variable]} chosen")
        if sorted(text for text, _ in found) != sorted(text for text, _ in expected):
            failures.append(
                f"{where}: with {tags[variable]} chosen {len(found)} rows, which are not the "
                f"{len(expected)} of these: {some.filled(query)}"
            )
        for _, named in found:
            for name, allowed in tags.items():
                if "${" + variable in query and named.get(name, next(iter(allowed))) not in allowed:
                    failures.append(f"{where}: {name} {named[name]} is of none of {tags[variable]}")
        compared += 1
    return compared


def check_measures(server, dashboard, summaries, failures):
    """The gauges of the results against summary.json of each run."""
    asked = Asked(server, dashboard)
    names = {
        "Average incremental accuracy": "average_incremental_accuracy",
        "Forgetting": "forgetting",
        "Backward transfer": "backward_transfer",
    }
    compared = 0
    for panel in dashboard["panels"]:
        name = names.get(panel["title"])
        if name is None:
            continue
        target = panel["targets"][0]
        for series in asked.series(target["query"], target["datasource"]):
            summary = summaries[series["tags"]["agent"]]
            head = next(head for head in summary["heads"] if head["primary"])
            expected = head[name]["value"]
            # As the panel's description says. Fine-tuning has no task that is best at the end, so
            # that both count the same.
            if name == "forgetting" and summary["agent"] != "base":
                matrix = head["accuracy_matrix"]
                last = matrix[-1]
                drops = [
                    max(row[task] for row in matrix[task:]) - last[task]
                    for task in range(len(last) - 1)
                ]
                expected = sum(drops) / len(drops)
            found = series["values"][0][1]
            if abs(found - expected) > 1e-12:
                failures.append(f"{name} of {summary['agent']}: {found}, expected {expected}")
            compared += 1
    if compared != len(names) * len(summaries):
        failures.append(f"{compared} measures compared")
    return compared


def dashboards_of(program, folder):
    command = [program, "monitoring", f"--output={folder}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    paths = sorted((folder / "grafana" / "dashboards").glob("*.json"))
    return [json.loads(path.read_text()) for path in paths]


def check_all(server, dashboards, summaries, failures):
    """Everything, with everything chosen."""
    panels = queries = variables = 0
    for dashboard in dashboards:
        counts = check_dashboard(server, dashboard, failures)
        print(f"{dashboard['uid']}: {counts[0]} panels, {counts[1]} queries, {counts[2]} variables")
        panels, queries = panels + counts[0], queries + counts[1]
        variables += counts[2]
        runs = Asked(server, dashboard).choices.get("run")
        expected = sorted(summary["run"] for summary in summaries.values())
        if runs is not None and sorted(runs) != expected:
            failures.append(f"{dashboard['uid']}: runs of the time range are {expected}: {runs}")
        if dashboard["uid"] == "reprise-accuracy":
            compared = check_measures(server, dashboard, summaries, failures)
    print(f"{len(dashboards)} dashboards, {panels} panels, {queries} queries, {variables} variables")
    print(f"{compared} measures compared with summary.json")


def check_choices(server, dashboards, summaries, failures):
    """One and two runs; of these the first alone has no run on one rank beside it."""
    compared = 0
    for agents in (["nil"], ["base"], ["nil", "icarl"]):
        tags = {
            "run": {summaries[agent]["run"] for agent in agents},
            "agent": set(agents),
            "world_size": {str(RUNS[agent]) for agent in agents},
        }
        for dashboard in dashboards:
            if any(variable["name"] == "run" for variable in dashboard["templating"]["list"]):
                compared += check_choice(server, dashboard, "run", tags, failures)
    for dashboard in dashboards:
        if any(variable["name"] == "host" for variable in dashboard["templating"]["list"]):
            tags = {"host": {"chifflot-2"}}
            compared += check_choice(server, dashboard, "host", tags, failures)
    print(f"{compared} queries with runs or hosts chosen")


def main():
    program, influxd, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    failures = []
    with PrivateInfluxDb(influxd, folder / "influxdb") as server:
        for database in DATABASES.values():
            server.create(database)
        server.write(DATABASES["reprise-telegraf"], telegraf_points(time.time_ns()))
        results = folder / "results"
        summaries = {
            agent: train(program, server, agent, ranks, results) for agent, ranks in RUNS.items()
        }
        nil = summaries["nil"]["run"]
        points = (results / "nil" / "metrics.lp").read_text().splitlines()
        # A run of another time, which nothing may show.
        of_runs = DATABASES["reprise-influxdb"]
        server.write(of_runs, under_another_id(points, nil, "before", -2 * DAY_NS))
        dashboards = dashboards_of(program, folder / "monitoring")
        check_all(server, dashboards, summaries, failures)
        # Runs whose ids hold one that is chosen.
        for other in (nil + "0", "0" + nil):
            server.write(of_runs, under_another_id(points, nil, other))
        check_choices(server, dashboards, summaries, failures)
    for failure in failures:
        print(f"FAILED: {failure}")
    return 1 if failures or not dashboards else 0


if __name__ == "__main__":
    sys.exit(main())
