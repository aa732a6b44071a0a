#!/usr/bin/env python3
"""Writes icarl_reference.json: iCaRL's herding orders, class means, scores of the
nearest mean, and both losses with their gradients, sharing no code with Reprise.

Herding runs in exact integer arithmetic: features are binary fractions, so the
orders are those of the definition, whatever the rounding. The rest is double
precision; the losses and gradients are PyTorch's.

  python3 -m venv v && v/bin/pip install torch==2.11.0 numpy==2.4.6
  v/bin/python tests/golden/icarl_reference.py > tests/golden/icarl_reference.json
"""
import json
import math

import numpy as np
import torch
import torch.nn.functional as F

from nil_reference import TEST, philox_words, uniforms

ROWS, LENGTH = 200, 16
CLASSES = [(0, 90), (90, 150), (150, 200)]  # rows of classes 0, 1 and 3
SAMPLES, COLUMNS = 12, 10
OLD, NEW = [0, 1, 4, 7], [2, 3, 9]


def features():
    """float32 [ROWS, LENGTH]; rows 100-119 repeat rows 20-39, row 130 is zero."""
    u = np.stack([uniforms(philox_words(TEST, 1, 0, i, LENGTH)) for i in range(ROWS)])
    raw = (2 * u - 0.75).astype(np.float32)
    raw[100:120] = raw[20:40]
    raw[130] = 0
    return raw


def normalized(raw):
    rows = []
    for row in raw.astype(np.float64):
        norm = math.sqrt(math.fsum(row * row))
        rows.append(row / norm if norm else row)
    return np.array(rows)


def herding_order(rows, m):
    """Algorithm 4 of the paper on rows of integers, by n^2 k^2 squared distances."""
    n, d = len(rows), len(rows[0])
    total = [sum(row[j] for row in rows) for j in range(d)]
    chosen, order = [0] * d, []
    for k in range(1, m + 1):
        distances = [(sum((k * total[j] - n * (rows[i][j] + chosen[j]))**2 for j in range(d)), i)
                     for i in range(n) if i not in order]
        best = min(distances)[1]
        order.append(best)
        chosen = [c + v for c, v in zip(chosen, rows[best])]
    return order


def main():
    raw = features()
    exact = normalized(raw)
    stored = exact.astype(np.float32)
    integers = [[int(math.ldexp(float(v), 149)) for v in row] for row in stored]
    out = {"orders": [], "means": [], "scores": []}
    for begin, end in [(0, ROWS)] + CLASSES:
        for m in (end - begin, 20, 1):
            out["orders"].append({"begin": begin, "end": end, "m": m,
                                  "order": herding_order(integers[begin:end], m)})
    for normalize in (True, False):
        rows = exact if normalize else raw.astype(np.float64)
        means = {}
        for c, (begin, end) in zip((0, 1, 3), CLASSES):
            mean = rows[begin:end].mean(0)
            means[c] = mean / np.linalg.norm(mean) if normalize else mean
        out["means"].append([means[c].tolist() if c in means else [] for c in range(4)])
        out["scores"].append([[float(-((row - means[c])**2).sum()) if c in means else None
                               for c in range(4)] for row in rows[::5]])

    def logits(which):
        u = np.stack([uniforms(philox_words(TEST, 1, which, i, COLUMNS)) for i in range(SAMPLES)])
        return torch.tensor(16 * u - 8, dtype=torch.float64)

    z, q = logits(1).requires_grad_(), logits(2)
    labels = torch.tensor([(NEW + OLD)[i % 7] for i in range(SAMPLES)])
    weights = torch.tensor([1 + i % 4 / 4 for i in range(SAMPLES)], dtype=torch.float64)
    target = F.one_hot(labels, COLUMNS).double()
    target[:, OLD] = torch.sigmoid(q[:, OLD])
    seen = sorted(OLD + NEW)
    losses = F.binary_cross_entropy_with_logits(z[:, seen], target[:, seen], reduction="none").sum(1)
    (gradient,) = torch.autograd.grad((weights * losses).sum() / 8, z)
    out["sigmoid"] = {"labels": labels.tolist(), "losses": losses.tolist(),
                      "gradient": gradient.flatten().tolist()}
    mean = torch.nn.KLDivLoss(reduction="batchmean")(F.log_softmax(z, 1), F.softmax(q, 1))
    (gradient,) = torch.autograd.grad(mean, z)
    out["kl"] = {"mean": mean.item(), "gradient": gradient.flatten().tolist()}
    print(json.dumps(out).replace('{"begin"', '\n{"begin"').replace('], "', '],\n"'))


if __name__ == "__main__":
    main()
