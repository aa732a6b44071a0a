#!/usr/bin/env python3
"""One reading of NT3's CSV by a library of Python, on one thread, to a float32 array.

usage: csv_peer.py HOW FILE; prints one JSON line. The library's import is not timed.
"""
import json
import os
import resource
import sys
import time

for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

how, path = sys.argv[1:]
library, _, variant = how.partition(":")

import numpy as np  # noqa: E402

if library == "pandas":
    import pandas as pd

    def read():
        options = {"default": {},
                   "low_memory_false": {"low_memory": False},
                   "float32": {"low_memory": False, "dtype": np.float32},
                   "chunks": {"chunksize": 100, "low_memory": False}}[variant]
        frame = pd.read_csv(path, header=None, **options)
        if variant == "chunks":
            frame = pd.concat(frame)
        return frame.to_numpy(dtype=np.float32)
elif library == "polars":
    import polars as pl

    def read():
        options = {"infer_schema_length": 1}
        if variant.startswith("float32"):
            with open(path) as file:
                columns = file.readline().count(",") + 1
            options = {"schema": {f"c{i}": pl.Float32 for i in range(columns)}}
        if variant.endswith("low_memory"):
            options["low_memory"] = True
        frame = pl.read_csv(path, has_header=False, **options)  # threads: the environment
        return frame.to_numpy().astype(np.float32, copy=False)
elif library == "pyarrow":
    import pyarrow as pa
    import pyarrow.csv as pc
    pa.set_cpu_count(1)

    def read():
        kind, megabytes = variant.split("_")
        convert = None
        if kind == "float32":
            with open(path) as file:
                columns = file.readline().count(",") + 1
            convert = pc.ConvertOptions(
                column_types={f"f{i}": pa.float32() for i in range(columns)})
        table = pc.read_csv(
            path, convert_options=convert,
            read_options=pc.ReadOptions(use_threads=False, autogenerate_column_names=True,
                                        block_size=int(megabytes) << 20))
        array = np.empty((table.num_columns, table.num_rows), np.float32)
        for i, column in enumerate(table.columns):
            array[i] = column.to_numpy()
        return array.T
else:
    raise SystemExit(__doc__)

start, cpu_start = time.perf_counter(), time.process_time()
array = read()
seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
print(json.dumps({"how": how, "seconds": seconds, "cpu_seconds": cpu_seconds,
                  "shape": list(array.shape),
                  "sum": float(array[:, 1:].sum(dtype=np.float64)),
                  "peak_resident_bytes":
                  resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
