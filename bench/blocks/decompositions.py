"""The same decompositions in dask.array and NumPy: reads requests, one line of JSON each, and answers.

{"load": path, "shape": [m, n], "chunks": [rows, columns]} reads a float64 matrix from a file of plain numbers: `a`, and in
chunks `x`; an answer {}.
{"run": expression of a and x for u, s, vt} answers {"seconds", "values", "error"}: how long it takes until all of them are
in memory, with the number of BLAS threads with which that is faster, the singular values, and ‖a − u·s·vt‖/‖a‖. Where it
is not implemented the answer is null.
"""

import json
import os
import platform
import sys
from time import perf_counter

import dask
import dask.array as da
import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def kernels():
    found = {one["architecture"] for one in threadpool_info() if one["internal_api"] == "openblas"}
    return ", ".join(f"OpenBLAS's {name} kernels" for name in sorted(found))


def evaluate(code, scope, blas):
    """Seconds, and u, s, vt; dask's stay in chunks, as they come."""
    with threadpool_limits(limits=blas, user_api="blas"):
        start = perf_counter()
        result = dask.persist(*eval(code, scope), scheduler="threads", num_workers=CORES)
        return perf_counter() - start, result


def main():
    scope = {"da": da, "np": np}
    faster = {}
    errors = {}
    version = f"Python {platform.python_version()}, NumPy {np.__version__}, dask {dask.__version__}; {kernels()}"
    print(json.dumps({"versions": version}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "load" in request:
            a = np.fromfile(request["load"]).reshape(request["shape"])
            scope.update(a=a, x=da.from_array(a, chunks=tuple(request["chunks"])))
            faster, errors = {}, {}
            answer = {}
        else:
            code = request["run"]
            try:
                if code not in faster:
                    faster[code] = min({1, CORES}, key=lambda blas: evaluate(code, scope, blas)[0])
                seconds, result = evaluate(code, scope, faster[code])
                u, s, vt = dask.compute(*result)
                if code not in errors:
                    errors[code] = float(np.linalg.norm(scope["a"] - (u * s) @ vt) / np.linalg.norm(scope["a"]))
                answer = {"seconds": seconds, "values": s.tolist(), "error": errors[code]}
            except NotImplementedError:
                answer = None
        print(json.dumps(answer), flush=True)


main()
