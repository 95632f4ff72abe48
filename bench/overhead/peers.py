"""No-op graphs in dask and joblib: reads requests, one line of JSON each, and answers with times.

A request is {"peer", "shape", "tasks"}; an answer {"build", "run", "value"}: seconds to make the graph and to compute
it, and a number that the same graph must give everywhere.
"""

import json
import platform
import sys
from time import perf_counter

import dask
import joblib
from dask import delayed
from dask.threaded import get as threaded_get

THREADS = 2
MODULUS = 1_000_003


def inc(a):
    return a + 1


def both(a, b):
    return (a + b + 1) % MODULUS


def raw(shape, tasks):
    """The graph as a dictionary, and the keys asked for."""
    graph = {}
    if shape == "independent":
        for i in range(tasks):
            graph[f"t{i}"] = (inc, i)
        return graph, list(graph)
    if shape == "chain":
        graph["t0"] = (inc, 0)
        for i in range(1, tasks):
            graph[f"t{i}"] = (inc, f"t{i - 1}")
        return graph, f"t{tasks - 1}"
    if shape == "tree":
        leaves = (tasks + 1) // 2
        for i in range(leaves):
            graph[f"t{i}"] = (inc, i)
        for i in range(leaves, tasks):
            first = 2 * (i - leaves)
            graph[f"t{i}"] = (both, f"t{first}", f"t{first + 1}")
        return graph, f"t{tasks - 1}"
    side = int(tasks**0.5)
    for i in range(side):
        for j in range(side):
            up = f"t{(i - 1) * side + j}" if i > 0 else i
            left = f"t{i * side + j - 1}" if j > 0 else j
            graph[f"t{i * side + j}"] = (both, up, left)
    return graph, f"t{side * side - 1}"


def lazy(shape, tasks):
    """The same with dask.delayed."""
    d_inc, d_both = delayed(inc), delayed(both)
    if shape == "independent":
        return [d_inc(i) for i in range(tasks)]
    if shape == "chain":
        value = d_inc(0)
        for _ in range(1, tasks):
            value = d_inc(value)
        return [value]
    if shape == "tree":
        nodes = [d_inc(i) for i in range((tasks + 1) // 2)]
        first = 0
        while len(nodes) < tasks:
            nodes.append(d_both(nodes[first], nodes[first + 1]))
            first += 2
        return [nodes[-1]]
    side = int(tasks**0.5)
    row = [None] * side
    for i in range(side):
        for j in range(side):
            row[j] = d_both(row[j] if i > 0 else i, row[j - 1] if j > 0 else j)
    return [row[-1]]


def with_joblib(shape, tasks, backend):
    """joblib has no graphs: independent calls only."""
    if shape != "independent":
        return None
    build = perf_counter()
    calls = [joblib.delayed(inc)(i) for i in range(tasks)]
    run = perf_counter()
    value = joblib.Parallel(n_jobs=THREADS, backend=backend)(calls)
    end = perf_counter()
    return {"build": run - build, "run": end - run, "value": sum(value)}


def measure(peer, shape, tasks):
    if peer in ("threading", "loky"):
        return with_joblib(shape, tasks, peer)
    build = perf_counter()
    if peer == "dask get":
        graph, keys = raw(shape, tasks)
        run = perf_counter()
        value = threaded_get(graph, keys, num_workers=THREADS)
    else:
        scheduler = "sync" if peer == "dask sync" else "threads"
        target = lazy(shape, tasks)
        run = perf_counter()
        value = dask.compute(*target, scheduler=scheduler, num_workers=THREADS)
    end = perf_counter()
    value = sum(value) if isinstance(value, (list, tuple)) else value
    return {"build": run - build, "run": end - run, "value": value}


def say(answer):
    print(json.dumps(answer), flush=True)


say({"versions": f"Python {platform.python_version()}, dask {dask.__version__}, joblib {joblib.__version__}"})
for line in sys.stdin:
    request = json.loads(line)
    say(measure(request["peer"], request["shape"], request["tasks"]))
