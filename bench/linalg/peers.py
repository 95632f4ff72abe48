"""The same linear algebra in NumPy and SciPy: reads requests, one line of JSON each, and answers with times.

{"load": {name: {"path", "shape", "dtype"}}} reads arrays from files of plain numbers, in place of those before.
{"run": expression, "least": seconds, "clock": "wall" or "cpu"} evaluates as often as takes so long and answers the
{"seconds"} of one evaluation.
{"values": expression of r, the last result} answers {"values"}, a list of numbers.
"""

import json
import platform
import sys
from time import perf_counter, process_time

import numpy as np
import scipy
import scipy.linalg as sl
from threadpoolctl import threadpool_info


def kernels():
    """Which kernels OpenBLAS runs, and on how many threads."""
    found = {(one["architecture"], one["num_threads"]) for one in threadpool_info() if one["internal_api"] == "openblas"}
    return ", ".join(f"OpenBLAS's {name} kernels on {count} thread{'s' * (count > 1)}" for name, count in sorted(found))


def main():
    packages = {"np": np, "sl": sl}
    scope = dict(packages)
    counts = {}
    version = f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}; {kernels()}"
    print(json.dumps({"versions": version}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "load" in request:
            scope = dict(packages)
            counts = {}
            for name, spec in request["load"].items():
                scope[name] = np.fromfile(spec["path"], dtype=spec["dtype"]).reshape(spec["shape"])
            answer = {}
        elif "values" in request:
            answer = {"values": np.ravel(eval(request["values"], scope)).tolist()}
        else:
            code = compile(request["run"], "run", "eval")
            count = counts.get(request["run"], 1)
            clock = process_time if request["clock"] == "cpu" else perf_counter
            if count > 1:
                eval(code, scope)
            before = clock()
            for _ in range(count):
                scope["r"] = eval(code, scope)
            seconds = (clock() - before) / count
            counts[request["run"]] = max(1, min(1000, round(request["least"] / seconds)))
            answer = {"seconds": seconds}
        print(json.dumps(answer), flush=True)


main()
