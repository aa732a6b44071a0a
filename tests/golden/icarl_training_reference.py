#!/usr/bin/env python3
"""Writes icarl_training_reference.json: three tasks of iCaRL (the paper's variant) on
MNISTNet, 28 steps, by plain Python and PyTorch in double precision, sharing no code
with Reprise. Generator, data, dropout masks, initial parameters and the network are
those of nil_reference.py; exemplars, loss and heads follow the paper's algorithms.

  python3 -m venv v && v/bin/pip install torch==2.11.0 numpy==2.4.6
  v/bin/python tests/golden/icarl_training_reference.py > tests/golden/icarl_training_reference.json

Kept are the margins, too: where the best and the second of exemplars, classes or pixels
lie closer than rounding, a comparison would mean nothing.
"""
import json

import numpy as np
import torch
import torch.nn.functional as F

import nil_reference
from nil_reference import (BATCH, CLASSES, DROPOUT, ORDER, ROWS_PER_CLASS, Bounded, Margins,
                           forward, initial_parameters, philox_words, shuffle_prefix, sketch,
                           stripe_row, uniforms)

TASKS = [[0, 1, 2], [3, 4], [5]]
PER_CLASS = 3  # N: the budget is 10 N exemplars
LR, MOMENTUM = 0.1, 0.5
EVERY = 15  # row whose scores are kept


def inputs(ids):
    return nil_reference.inputs(ids, stripe_row)


def rows_of(classes):
    return [i for c in classes for i in range(c * ROWS_PER_CLASS, (c + 1) * ROWS_PER_CLASS)]


def unit_features(params, rows):
    with torch.no_grad():
        features = forward(params, inputs(rows))[1].numpy()
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def construct_exemplar_set(params, rows, m, gaps):
    """Algorithm 4."""
    phi = unit_features(params, rows)
    mu = phi.mean(0)
    chosen = []
    for k in range(1, min(m, len(rows)) + 1):
        total = phi[chosen].sum(0)
        distances = np.linalg.norm(mu - (phi + total) / k, axis=1)
        distances[chosen] = np.inf
        best, second = np.sort(distances)[:2]
        gaps.append((second - best) / best)
        chosen.append(int(distances.argmin()))
    return [rows[i] for i in chosen]


def nearest_mean(params, exemplars, rows):
    """Algorithm 1: minus the squared distances to the classes' means, [rows, classes]."""
    classes = sorted(exemplars)
    means = np.stack([unit_features(params, exemplars[c]).mean(0) for c in classes])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return -((unit_features(params, rows)[:, None] - means[None])**2).sum(2)


def head(scores, seen, gaps):
    """What a head says of all rows, and its scores of some."""
    best = np.sort(scores, axis=1)
    gaps.extend((best[:, -1] - best[:, -2]).tolist())
    return {"classes": [seen[i] for i in scores.argmax(1)], "scores": scores[::EVERY].flatten().tolist()}


def main():
    params = initial_parameters()
    exemplars, seen, herding_gaps, head_gaps, margins = {}, [], [], [], Margins()
    out = {"steps": [], "tasks": []}
    for task, classes in enumerate(TASKS):
        old, new, seen = list(seen), classes, seen + classes
        previous = [p.detach().clone() for p in params]
        rows = rows_of(classes) + [i for c in old for i in exemplars[c]]
        velocity = [torch.zeros_like(p) for p in params]
        order = shuffle_prefix(Bounded(ORDER, task, 0, 0, 2 * len(rows)), len(rows), len(rows))
        for step in range((len(rows) + BATCH - 1) // BATCH):
            batch = [rows[j] for j in order[step * BATCH:(step + 1) * BATCH]]
            u = np.stack([uniforms(philox_words(DROPOUT, task, step, q, 114)) for q in range(len(batch))])
            masks = torch.tensor(np.where(u < 0.5, 0.0, 2.0))
            logits, _ = forward(params, inputs(batch), masks, margins)
            logits.retain_grad()
            # Algorithm 3: labels in the new columns, the former network in the old ones.
            target = F.one_hot(torch.tensor([i // ROWS_PER_CLASS for i in batch]), CLASSES).double()
            with torch.no_grad():
                target[:, old] = torch.sigmoid(forward(previous, inputs(batch))[0][:, old])
            losses = F.binary_cross_entropy_with_logits(
                logits[:, seen], target[:, seen], reduction="none").sum(1)
            loss = losses.mean()
            for p in params:
                p.grad = None
            loss.backward()
            out["steps"].append({"task": task, "ids": batch, "losses": losses.tolist()})
            if old and step == 0:
                out["steps"][-1]["logits_gradient"] = logits.grad.flatten().tolist()
                out["steps"][-1]["gradients"] = sketch([p.grad for p in params])
            with torch.no_grad():
                for p, v in zip(params, velocity):
                    v.mul_(MOMENTUM).add_(p.grad)
                    p.sub_(LR * v)
        m = PER_CLASS * CLASSES // len(seen)
        exemplars = {c: exemplars[c][:m] for c in old}
        for c in new:
            exemplars[c] = construct_exemplar_set(params, rows_of([c]), m, herding_gaps)
        with torch.no_grad():
            logits = forward(params, inputs(rows_of(seen)))[0][:, seen].numpy()
        nme = nearest_mean(params, exemplars, rows_of(seen))
        out["tasks"].append({"exemplars": [exemplars[c] for c in seen],
                             "nme": head(nme, seen, head_gaps), "logits": head(logits, seen, head_gaps),
                             "parameters": sketch(params)})
    out["margins"] = margins.checked()
    # Herding's relative to the distance, the heads' of scores of about 1.
    assert min(herding_gaps) >= 5e-5 and min(head_gaps) >= 5e-6
    out["margins"].update({"herding": min(herding_gaps), "heads": min(head_gaps)})
    print(json.dumps(out).replace('{"task"', '\n{"task"').replace('{"exemplars"', '\n{"exemplars"'))


if __name__ == "__main__":
    main()
