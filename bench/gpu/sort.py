"""Sorting in NumPy: reads requests, one line of JSON each, and answers with times.

{"shape": [..]} makes x; {"kernel": "sort" | "argsort"} along the last axis answers {"seconds", "check"}.
"""

import json
import platform
import sys
from time import perf_counter

import numpy as np


def mixed(n):
    """The numbers of sort.ts, to the bit: float32 in [-0.5, 0.5), multiples of 2**-24."""
    h = np.arange(n, dtype=np.uint32)
    for shift, factor in [(16, 0x7FEB352D), (15, 0x846CA68B)]:
        h ^= h >> np.uint32(shift)
        h *= np.uint32(factor)
    h ^= h >> np.uint32(16)
    return ((h >> np.uint32(8)).astype(np.float64) / 2**24 - 0.5).astype(np.float32)


def main():
    x = None
    print(json.dumps({"versions": f"Python {platform.python_version()}, NumPy {np.__version__}"}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "shape" in request:
            x = mixed(int(np.prod(request["shape"]))).reshape(request["shape"])
            print("{}", flush=True)
            continue
        isSort = request["kernel"] == "sort"
        before = perf_counter()
        r = np.sort(x) if isSort else np.argsort(x, kind="stable")
        seconds = perf_counter() - before
        whole = (r.astype(np.float64) + 0.5) * 2**24 if isSort else r
        weights = np.arange(r.size, dtype=np.int64) % 101 + 1
        check = int(np.sum(whole.astype(np.int64).ravel() * weights))
        print(json.dumps({"seconds": seconds, "check": check}), flush=True)


main()
