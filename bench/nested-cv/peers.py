"""Nested cross-validation with scikit-learn: reads requests, one line of JSON each, and answers with scores and times.

A request is {"peer", "x", "y", "n", "grid", "outer", "inner"}: files of float64 values, and folds as pairs of row
lists (the inner ones as positions within the outer training rows). An answer is {"seconds", "inner", "outer", "best"}.
"""

import json
import platform
import sys
from itertools import product
from time import perf_counter

import joblib
import numpy as np
import sklearn
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

JOBS = 2


def candidates(grid):
    names = list(grid)
    return [dict(zip(names, values)) for values in product(*grid.values())]


def score(x, y, parameters, train, test):
    return SVC(**parameters).fit(x[train], y[train]).score(x[test], y[test])


def best_of(means, options):
    """The largest C wins a tie where C alone is chosen, else the first."""
    ties = [i for i, mean in enumerate(means) if mean == max(means)]
    return ties[-1] if len(options[0]) == 1 else ties[0]


def loops(x, y, options, outer, inner, jobs):
    """The loops with joblib.delayed: all inner fits are one set of calls, the outer ones another."""
    parallel = joblib.Parallel(n_jobs=jobs, backend="loky")
    calls = [
        joblib.delayed(score)(x, y, parameters, train[fit], train[validate])
        for (train, _), folds in zip(outer, inner)
        for parameters in options
        for fit, validate in folds
    ]
    scores = np.reshape(parallel(calls), (len(outer), len(options), -1))
    means = scores.mean(axis=2)
    best = [best_of(row.tolist(), options) for row in means]
    final = parallel(joblib.delayed(score)(x, y, options[b], *fold) for b, fold in zip(best, outer))
    return means, final, best


def search(x, y, grid, options, outer, inner, jobs):
    """GridSearchCV for each outer fold."""
    means, final, best = [], [], []
    for (train, test), folds in zip(outer, inner):
        found = GridSearchCV(SVC(), grid, cv=folds, n_jobs=jobs, refit=False).fit(x[train], y[train])
        place = {json.dumps(p, sort_keys=True): i for i, p in enumerate(found.cv_results_["params"])}
        order = [place[json.dumps(p, sort_keys=True)] for p in options]
        row = found.cv_results_["mean_test_score"][order]
        means.append(row)
        best.append(best_of(row.tolist(), options))
        final.append(score(x, y, options[best[-1]], train, test))
    return np.array(means), final, best


def measure(request):
    n = request["n"]
    x = np.fromfile(request["x"]).reshape(n, -1)
    y = np.fromfile(request["y"])
    options = candidates(request["grid"])
    outer = [tuple(np.array(rows) for rows in fold) for fold in request["outer"]]
    inner = [[tuple(np.array(rows) for rows in fold) for fold in folds] for folds in request["inner"]]
    start = perf_counter()
    if request["peer"] == "GridSearchCV":
        means, final, best = search(x, y, {k: list(v) for k, v in request["grid"].items()}, options, outer, inner, JOBS)
    else:
        means, final, best = loops(x, y, options, outer, inner, 1 if request["peer"] == "one" else JOBS)
    seconds = perf_counter() - start
    return {"seconds": seconds, "inner": means.tolist(), "outer": list(final), "best": [options[b] for b in best]}


def say(answer):
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    # Processes start before anything is timed.
    joblib.Parallel(n_jobs=JOBS, backend="loky")(joblib.delayed(abs)(i) for i in range(8))
    say(
        {
            "versions": f"Python {platform.python_version()}, scikit-learn {sklearn.__version__}, "
            f"joblib {joblib.__version__}, NumPy {np.__version__}"
        }
    )
    for line in sys.stdin:
        say(measure(json.loads(line)))
