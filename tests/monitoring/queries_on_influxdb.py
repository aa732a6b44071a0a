#!/usr/bin/env python3
"""Every query of every dashboard on a real InfluxDB that holds real runs.

Usage: queries_on_influxdb.py PROGRAM INFLUXD FOLDER

Runs NIL on two ranks and iCaRL on one, which write to an InfluxDB of the test's own, adds
points as Telegraf writes them, makes the dashboards by `PROGRAM monitoring`, fills in their
variables as Grafana does, and asks everything that they ask. Each query must give values, each
variable too, and the measures of continual learning must be those of summary.json.
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
RUNS = {"nil": 2, "icarl": 1}  # ranks
# What a data source of the dashboards is provisioned with.
DATABASES = {"reprise-influxdb": "reprise", "reprise-telegraf": "telegraf"}
ALL = ".*"  # allValue of the variables


def train(program, server, agent, ranks, results):
    """Trains in seconds and returns summary.json."""
    command = [program, "--quick", "--dataset=mnist", "--model=mnistnet", "--epochs=2"]
    command += [f"--agent={agent}", f"--ranks={ranks}", f"--tasksets-config={TASKS}"]
    command += ["--log-interval=1", f"--results-dir={results}", f"--save-dir={agent}"]
    command += [f"--influx-url={server.url}", f"--influx-database={DATABASES['reprise-influxdb']}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads((results / agent / "summary.json").read_text())


class Asked:
    """A dashboard with values for its variables, and the answers to what it asks."""

    def __init__(self, server, dashboard, interval):
        self.server = server
        self.dashboard = dashboard
        self.values = {
            "timeFilter": "time >= now() - 1h AND time <= now() + 1h",
            "__interval": interval,
        }
        self.variables = 0
        for variable in dashboard["templating"]["list"]:
            self._choose(variable)

    def _choose(self, variable):
        name = variable["name"]
        if variable["type"] == "datasource":
            self.values[name] = variable["current"]["value"]
            return
        series = self._ask(variable["query"], variable["datasource"])
        # SHOW TAG VALUES gives [key, value], SELECT [time, value].
        choices = [row[1] for one in series for row in one["values"]]
        if not choices:
            raise RuntimeError(f"variable {name} has no value: {variable['query']}")
        self.values[name] = ALL if variable["includeAll"] else str(choices[0])
        self.variables += 1

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


def fields_of_matrix(panel):
    for step in panel.get("transformations", []):
        if step["id"] == "groupingToMatrix":
            yield from (step["options"][f"{kind}Field"] for kind in ("row", "column", "value"))
        if step["id"] == "calculateField":
            yield from (step["options"]["binary"][side] for side in ("left", "right"))


def check_dashboard(server, dashboard, failures):
    """Asks everything; returns how many panels, queries and variables there were."""
    asked = Asked(server, dashboard, "10s" if "host" in json.dumps(dashboard) else "1s")
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
            for field in fields_of_matrix(panel):
                if field not in there:
                    failures.append(f"{place}: no column {field} among {sorted(there)}")
    return panels, queries, asked.variables


def check_measures(server, dashboard, summaries, failures):
    """The gauges of the results against summary.json of each run."""
    asked = Asked(server, dashboard, "1s")
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
            if name == "forgetting":  # as the panel's description says
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


def main():
    program, influxd, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    failures, panels, queries, variables = [], 0, 0, 0
    with PrivateInfluxDb(influxd, folder / "influxdb") as server:
        for database in DATABASES.values():
            server.create(database)
        server.write(DATABASES["reprise-telegraf"], telegraf_points(time.time_ns()))
        results = folder / "results"
        summaries = {
            agent: train(program, server, agent, ranks, results) for agent, ranks in RUNS.items()
        }
        files = folder / "monitoring"
        command = [program, "monitoring", f"--output={files}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        paths = sorted((files / "grafana" / "dashboards").glob("*.json"))
        for path in paths:
            dashboard = json.loads(path.read_text())
            counts = check_dashboard(server, dashboard, failures)
            print(f"{path.name}: {counts[0]} panels, {counts[1]} queries, {counts[2]} variables")
            panels, queries = panels + counts[0], queries + counts[1]
            variables += counts[2]
            if dashboard["uid"] == "reprise-accuracy":
                compared = check_measures(server, dashboard, summaries, failures)
    print(f"{len(paths)} dashboards, {panels} panels, {queries} queries, {variables} variables")
    print(f"{compared} measures compared with summary.json")
    for failure in failures:
        print(f"FAILED: {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
