#!/usr/bin/env python3
"""The dashboards through the types of Grafana's own SDK and back.

Usage: sdk_round_trip.py FOLDER, with `pip install grafana-foundation-sdk` done; FOLDER has the
dashboards' JSON. JSON becomes the SDK's Dashboard and JSON again: each key that we set must come
back with its value, and so must those of options and fieldConfig.defaults.custom through the types
of the panel's kind. A misspelt or misplaced key is lost on that way. What the SDK itself lacks is
listed in LACKING, with the reason.
"""

import importlib
import json
import pathlib
import re
import sys

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import TableFieldOptions
from grafana_foundation_sdk.models.dashboard import Dashboard

# Keys that Grafana reads and the SDK has no type for.
ANNOTATION = "/annotations/list/N/target"
LACKING = {
    "/panels/N/maxPerRow": "how many of a repeated panel stand side by side",
    **{
        f"{ANNOTATION}/{key}": "its annotations have no query of InfluxDB's"
        for key in (
            "refId",
            "fromAnnotations",
            "rawQuery",
            "query",
            "titleColumn",
            "textColumn",
            "tagsColumn",
        )
    },
}


def through(model, source):
    return json.loads(json.dumps(model.from_json(source), cls=JSONEncoder))


def lost(source, back, path=""):
    """Yields the path of each key or value of `source` that `back` lacks."""
    if isinstance(source, dict):
        for key, value in source.items():
            place = f"{path}/{key}"
            if not isinstance(back, dict) or key not in back:
                yield place
            else:
                yield from lost(value, back[key], place)
    elif isinstance(source, list):
        if not isinstance(back, list) or len(back) != len(source):
            yield path
        else:
            for i, value in enumerate(source):
                yield from lost(value, back[i], f"{path}/{i}")
    elif source != back:
        yield path


def lost_in_panel(panel):
    """By the types of the panel's kind, which the dashboard's own do not know."""
    model = importlib.import_module(f"grafana_foundation_sdk.models.{panel['type']}")
    options = panel["options"]
    yield from (f"options{p}" for p in lost(options, through(model.Options, options)))
    custom = panel["fieldConfig"]["defaults"].get("custom")
    if custom is not None:
        is_table = panel["type"] == "table"
        of_field = TableFieldOptions if is_table else model.FieldConfig
        yield from (f"custom{p}" for p in lost(custom, through(of_field, custom)))


def main():
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.json"))
    failures, known, panels = [], {}, 0
    for path in paths:
        source = json.loads(path.read_text())
        found = list(lost(source, through(Dashboard, source)))
        for panel in source["panels"]:
            if panel["type"] != "row":
                panels += 1
                found += [f"{panel['title']}: {p}" for p in lost_in_panel(panel)]
        for place in found:
            form = re.sub(r"/\d+", "/N", place)
            if form in LACKING:
                known[form] = known.get(form, 0) + 1
            else:
                failures.append(f"{path.name}: lost {place}")
    print(f"{len(paths)} dashboards, {panels} panels")
    for form, count in sorted(known.items()):
        print(f"the SDK lacks {form} ({count} times): {LACKING[form]}")
    failures += [f"{form}: is not lost any more" for form in LACKING if form not in known]
    for failure in failures:
        print(f"FAILED: {failure}")
    return 1 if failures or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
