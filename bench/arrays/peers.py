"""The same array work in NumPy and dask.array: reads requests, one line of JSON each, and answers with times.

{"arrays": n, "shape": [..]} makes x and y: element i is a fraction that every contestant computes to the same bits.
{"run": expression, "check": expression of r, "dask": bool} answers {"seconds", "check"}.
"""

import json
import platform
import sys
from time import perf_counter

import dask
import dask.array as da
import numpy as np

THREADS = 2


def fractions(n, factor):
    return np.mod(np.arange(n, dtype=np.float64) * factor, 1.0)


def main():
    scope = {"np": np, "da": da}
    version = f"Python {platform.python_version()}, NumPy {np.__version__}, dask {dask.__version__}"
    print(json.dumps({"versions": version}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "arrays" in request:
            n, shape = request["arrays"], request["shape"]
            scope["n"] = n
            scope["x"] = (fractions(n, 0.6180339887498949) - 0.5).reshape(shape)
            scope["y"] = (fractions(n, 0.7548776662466927) - 0.5).reshape(shape)
            scope["z"] = np.zeros(shape)
            scope["w"] = np.zeros(shape)
            first = -(-shape[0] // THREADS)
            for name in ["x", "y"]:
                scope["d" + name] = da.from_array(scope[name], chunks=(first, *shape[1:])).persist()
            scope["rng"] = np.random.default_rng(1)
            print("{}", flush=True)
            continue
        code = compile(request["run"], "run", "eval")
        before = perf_counter()
        r = eval(code, scope)
        if request.get("dask"):
            r = r.persist(scheduler="threads", num_workers=THREADS)
        seconds = perf_counter() - before
        if request.get("dask"):
            r = r.compute()
        scope["r"] = r
        print(json.dumps({"seconds": seconds, "check": float(eval(request["check"], scope))}), flush=True)
        scope["r"] = None


main()
