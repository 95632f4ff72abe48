"""The same chains in dask.array: reads requests, one line of JSON each, and answers with seconds and the result."""

import json
import platform
import sys
from time import perf_counter

import dask
import dask.array as da
import numpy as np


def main():
    version = f"Python {platform.python_version()}, NumPy {np.__version__}, dask {dask.__version__}"
    print(json.dumps({"versions": version}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        size, chunk = int(request["size"]), int(request["chunk"])
        start = perf_counter()
        x = da.arange(0, size, 1, chunks=chunk, dtype="float64") / size
        result = eval(request["work"], {"da": da, "x": x}).compute(scheduler="threads")
        seconds = perf_counter() - start
        print(json.dumps({"seconds": seconds, "result": float(result)}), flush=True)


main()
