#!/usr/bin/env python3
"""Writes mnistnet_reference.json: forward pass, loss and gradients of MNISTNet built
from torch.nn's own layers in double precision. Initial parameters, dropout masks
and data are those of nil_reference.py.

  python3 -m venv v && v/bin/pip install torch==2.11.0 numpy==2.4.6
  v/bin/python tests/golden/mnistnet_reference.py > tests/golden/mnistnet_reference.json
"""
import json

import torch
import torch.nn.functional as F
from torch import nn

from nil_reference import (DROPOUT, ROWS_PER_CLASS, SHAPES, Margins, initial_parameters,
                           inputs, philox_words, sketch, uniforms)

TASK, STEP = 3, 7


class GivenMask(nn.Module):
    """Stands where dropout stands, with the mask that the test knows."""

    def __init__(self):
        super().__init__()
        self.mask = None

    def forward(self, x):
        return x if self.mask is None else x * self.mask


class MnistNet(nn.Module):
    def __init__(self, margins):
        super().__init__()
        self.margins = margins
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.drop2d = GivenMask()
        self.fc1 = nn.Linear(1600, 50)
        self.drop = GivenMask()
        self.fc2 = nn.Linear(50, 10)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        x = self.conv1(x)
        self.margins.note_pooling(x)
        x = self.drop2d(self.conv2(torch.relu(self.pool(x))))
        kept = None if self.drop2d.mask is None else self.drop2d.mask[:, :, 0, 0] > 0
        self.margins.note_pooling(x, kept)
        features = self.fc1(torch.relu(self.pool(x)).flatten(1))
        self.margins.note_relu(features)
        return self.fc2(self.drop(torch.relu(features))), features


def case(net, ids, weights):
    labels = torch.tensor([i // ROWS_PER_CLASS for i in ids])
    logits, features = net(inputs(ids))
    losses = F.cross_entropy(logits, labels, reduction="none")
    w = torch.tensor(weights, dtype=torch.float64)
    objective = (w * losses).sum() / w.sum()
    gradients = torch.autograd.grad(objective, list(net.parameters()))
    return {"ids": ids, "weights": weights, "logits": logits.detach().reshape(-1).tolist(),
            "features": features.detach().reshape(-1).tolist(), "losses": losses.tolist(),
            "objective": objective.item(), "gradients": sketch(gradients)}


def main():
    margins = Margins()
    net = MnistNet(margins).double()
    values = {name: v.detach() for (name, _), v in zip(SHAPES, initial_parameters())}
    net.load_state_dict(values, strict=True)
    out = {"initial": sketch(list(net.parameters()))}
    # Rows whose margins, checked below, are wide.
    out["evaluation"] = case(net, list(range(3, 8 * ROWS_PER_CLASS, ROWS_PER_CLASS)), [1.0] * 8)
    ids = list(range(3, 12 * 37, 37))
    positions = [3 * i + 1 for i in range(len(ids))]
    words = [philox_words(DROPOUT, TASK, STEP, q, 114) for q in positions]
    masks = torch.tensor([[0.0 if u < 0.5 else 2.0 for u in uniforms(w)] for w in words],
                         dtype=torch.float64)
    net.drop2d.mask = masks[:, :64, None, None]
    net.drop.mask = masks[:, 64:]
    out["training"] = case(net, ids, [1.0 + 0.25 * (i % 4) for i in range(len(ids))])
    out["training"].update({"positions": positions, "task": TASK, "step": STEP})
    out["margins"] = margins.checked()
    print(json.dumps(out).replace('"evaluation"', '\n"evaluation"').replace('"training"', '\n"training"'))


if __name__ == "__main__":
    main()
