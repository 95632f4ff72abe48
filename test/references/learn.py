"""References for test/learn and test/lazy, made by scikit-learn and NumPy from the data sets in data/.

    python -m venv .venv && .venv/bin/pip install scikit-learn
    .venv/bin/python test/references/learn.py

writes nested-cv-digits.json, learn.json and spacing.json beside itself. nested-cv-breast-cancer.json was made in the
same way as nested-cv-digits.json, by scikit-learn 1.2.1, with C = logspace(-2, 2, 5) and KFold(4) for both.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.model_selection import KFold, ParameterGrid, StratifiedKFold, cross_val_score
from sklearn.svm import SVC

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "data"
MADE_BY = f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}"


def load(name):
    table = np.loadtxt(DATA / f"{name}.csv", delimiter=",", skiprows=1)
    return table[:, :-1], table[:, -1]


def standardized(x):
    deviation = x.std(axis=0)
    deviation[deviation == 0] = 1
    return (x - x.mean(axis=0)) / deviation


def write(name, value):
    (HERE / name).write_text(json.dumps({"made_by": MADE_BY, **value}, indent=1) + "\n")


def nested(x, y, grid, outer, inner):
    candidates = list(ParameterGrid(grid))
    inner_scores, best, outer_scores = [], [], []
    for train, test in outer.split(x):
        means = []
        for candidate in candidates:
            scores = []
            for fit, validate in inner.split(train):
                model = SVC(**candidate).fit(x[train[fit]], y[train[fit]])
                scores.append(model.score(x[train[validate]], y[train[validate]]))
            means.append(sum(scores) / len(scores))
        chosen = means.index(max(means))
        model = SVC(**candidates[chosen]).fit(x[train], y[train])
        inner_scores.append(means)
        best.append(candidates[chosen])
        outer_scores.append(model.score(x[test], y[test]))
    return {
        "testScore": sum(outer_scores) / len(outer_scores),
        "outerScores": outer_scores,
        "bestParams": best,
        "innerScores": inner_scores,
    }


def digits():
    x, y = load("digits")
    grid = {"C": [0.01, 0.1, 1.0, 10.0, 100.0], "gamma": [0.01, 0.003, 0.001, 0.0003]}
    result = nested(standardized(x), y, grid, KFold(3), KFold(3))
    write("nested-cv-digits.json", {"what": "SVC, KFold(3) outer and inner, ties to the first", "grid": grid, **result})


def machines():
    cases = []
    settings = [
        {},
        {"C": 0.05},
        {"C": 100.0, "gamma": 0.02},
        {"gamma": "auto"},
        {"kernel": "linear"},
        {"kernel": "linear", "C": 0.01},
        {"kernel": "poly"},
        {"kernel": "poly", "degree": 2, "coef0": 1.0, "gamma": 0.1},
        {"kernel": "sigmoid", "gamma": 0.01},
        {"kernel": "sigmoid", "gamma": "auto", "coef0": -0.5},
        {"shrinking": False, "C": 10.0},
    ]
    for name in ["wine", "breast_cancer"]:
        x, y = load(name)
        x = standardized(x)
        train = np.arange(len(y)) % 3 != 0
        for options in settings:
            model = SVC(**options).fit(x[train], y[train])
            pairs = SVC(**options, decision_function_shape="ovo").fit(x[train], y[train])
            cases.append(
                {
                    "data": name,
                    "options": options,
                    "support": [int(n) for n in model.n_support_],
                    "predicted": model.predict(x[~train]).tolist(),
                    "score": model.score(x[~train], y[~train]),
                    "decision": model.decision_function(x[~train][:5]).tolist(),
                    "pairs": pairs.decision_function(x[~train][:5]).tolist(),
                }
            )
    return cases


def folds():
    cases = []
    _, y = load("wine")
    for labels in [y, np.array([2, 0, 0, 1, 1, 1, 0, 2, 2, 1, 1, 0, 2, 1, 0.0])]:
        for options in [{"n_splits": 3}, {"n_splits": 4, "shuffle": True, "random_state": 7}]:
            for kind in [KFold, StratifiedKFold]:
                splits = kind(**options).split(labels.reshape(-1, 1), labels)
                tests = [test.tolist() for _, test in splits]
                cases.append({"kind": kind.__name__, "options": options, "y": labels.tolist(), "tests": tests})
    return cases


def scores():
    x, y = load("wine")
    x = standardized(x)
    return {
        "stratified5": cross_val_score(SVC(), x, y).tolist(),
        "shuffled3": cross_val_score(SVC(C=0.5), x, y, cv=KFold(3, shuffle=True, random_state=1)).tolist(),
    }


def spacing():
    cases = []
    for start, stop, count in [(0, 1, 7), (-3, 3, 7), (0.1, 0.7, 4), (5, -5, 11), (2, 3, 1), (1e-3, 1e3, 50)]:
        cases.append({"linspace": [start, stop, count], "values": np.linspace(start, stop, count).tolist()})
    for start, stop, step in [(0, 1, 0.1), (1, 2, 0.3), (5, 0, -0.7), (0, 10, 3), (-1, 1, 0.25)]:
        cases.append({"arange": [start, stop, step], "values": np.arange(float(start), stop, step).tolist()})
    for start, stop, count in [(-2, 2, 5), (-3, 3, 13), (0, 1, 4)]:
        cases.append({"logspace": [start, stop, count], "values": np.logspace(start, stop, count).tolist()})
    return cases


if __name__ == "__main__":
    digits()
    write("learn.json", {"machines": machines(), "folds": folds(), "scores": scores()})
    write("spacing.json", {"cases": spacing()})
