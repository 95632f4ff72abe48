"""Makes svc.json: what scikit-learn 1.2.1's SVC answers, for the tests of the kernels smo, svcFit and svcDecision.

    python -m venv .venv && .venv/bin/pip install scikit-learn==1.2.1 numpy==1.24.4 scipy==1.10.1
    .venv/bin/python test/references/svc.py

Inputs are the data sets in data/, features standardised as (x - mean) / population std where `scale` is true, and
every `step`-th row where it is not 1. `dual` has scikit-learn's dual coefficients per pair of classes (i, j), i < j, with
libsvm's signs (positive for class i), as [row, value] of the support vectors; rows count in the subset.
"""
import json
import pathlib

import numpy as np
from sklearn.svm import SVC

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load(name, scale, step):
    table = np.loadtxt(ROOT / "data" / f"{name}.csv", delimiter=",", skiprows=1)
    x, y = table[:, :-1], table[:, -1].astype(int)
    if scale:
        x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) == 0, 1, x.std(axis=0))
    return x[::step], y[::step]


def pairs(model):
    """dual_coef_ (classes - 1, support vectors), unpacked to one list per pair."""
    k = len(model.classes_)
    starts = np.concatenate([[0], np.cumsum(model.n_support_)])
    sign = -1 if k == 2 else 1  # with two classes scikit-learn turns the signs round
    found = []
    for i in range(k):
        for j in range(i + 1, k):
            entries = []
            for s in range(starts[i], starts[i + 1]):
                entries.append((int(model.support_[s]), sign * model.dual_coef_[j - 1, s]))
            for s in range(starts[j], starts[j + 1]):
                entries.append((int(model.support_[s]), sign * model.dual_coef_[i, s]))
            found.append([[r, float(f"{v:.10g}")] for r, v in sorted(entries) if v != 0])
    return found, [float(-sign * b) for b in model.intercept_]


CASES = [
    # data, standardised, every step-th row, parameters, whether the coefficients are kept
    ("breast_cancer", True, 1, dict(C=0.1, gamma="scale"), True),
    ("breast_cancer", True, 1, dict(C=1.0, gamma="scale"), True),
    ("breast_cancer", True, 1, dict(C=100.0, gamma="scale"), True),
    ("breast_cancer", True, 1, dict(C=1.0, gamma="scale", shrinking=False), False),
    ("breast_cancer", True, 1, dict(C=1.0, kernel="linear"), True),
    ("breast_cancer", True, 1, dict(C=1.0, kernel="poly", degree=3, coef0=1.0, gamma="scale"), True),
    ("breast_cancer", True, 1, dict(C=1.0, kernel="sigmoid", coef0=-1.0, gamma=0.01), False),
    ("breast_cancer", False, 1, dict(C=10.0, gamma="scale"), False),
    ("wine", True, 1, dict(C=0.5, gamma=0.05), True),
    ("wine", False, 1, dict(C=1.0, gamma="scale"), True),
    ("digits", False, 1, dict(C=1.0, gamma="scale"), False),
    ("digits", False, 1, dict(C=10.0, gamma=0.0005), False),
    ("digits", False, 4, dict(C=0.1, gamma=0.002), False),
    ("digits", False, 4, dict(C=100.0, gamma=0.001, shrinking=False), False),
]

answers = []
for name, scale, step, params, keep in CASES:
    x, y = load(name, scale, step)
    model = SVC(**params).fit(x, y)
    dual, rho = pairs(model)
    answer = dict(
        data=name, scale=scale, step=step, params=params, rows=len(x),
        gamma=float(model._gamma), rho=rho, iterations=[int(n) for n in np.ravel(model.n_iter_)],
        supportVectors=int(model.support_.size), predictions="".join(str(p) for p in model.predict(x)),
    )
    if keep:
        answer["dual"] = dual
    answers.append(answer)

text = ",\n".join(json.dumps(a, separators=(",", ":")) for a in answers)
(ROOT / "test" / "references" / "svc.json").write_text(f'{{"made_by":"scikit-learn 1.2.1, test/references/svc.py","cases":[\n{text}\n]}}\n')
