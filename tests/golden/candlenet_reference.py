#!/usr/bin/env python3
"""Writes candlenet_reference.json: CANDLENet at its true size (154,922,918 parameters),
built from torch.nn's own layers: forward pass, losses, gradients and the parameters
after one step of SGD, in double precision. Dropout masks, inputs and initial
parameters come of nil_reference.py's generator.

  python3 -m venv v && v/bin/pip install torch==2.11.0 numpy==2.4.6
  v/bin/python tests/golden/candlenet_reference.py > tests/golden/candlenet_reference.json

Needs about 5 GB of memory. Of a tensor the norm and at most 64 values are kept, at
places that the generator draws.
"""
import json
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from nil_reference import DROPOUT, INITIAL, TEST, Bounded, philox_words, uniforms

FEATURES, HIDDEN, CLASSES, SAMPLES = 60483, 200, 2, 2
TASK, STEP, DROP = 3, 7, 0.1
LR = 0.01
KEPT = 64


class CandleNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 128, 20)
        self.conv2 = nn.Conv1d(128, 128, 10)
        self.pool = nn.MaxPool1d(10)
        self.fc1 = nn.Linear(773760, HIDDEN)
        self.fc2 = nn.Linear(HIDDEN, 20)
        self.fc3 = nn.Linear(20, CLASSES)

    def forward(self, x, mask):
        x = torch.relu(self.conv1(x))
        x = self.pool(torch.relu(self.conv2(x)))
        x = torch.relu(self.fc1(x.flatten(1))) * mask
        features = self.fc2(x)
        return self.fc3(torch.relu(features)), features


def initialize(net):
    fan_in = 1
    for i, (name, p) in enumerate(net.named_parameters()):
        if name.endswith("weight"):
            fan_in = p[0].numel()
        bound, flat = 1 / math.sqrt(fan_in), p.detach().view(-1)
        n, words = flat.numel(), 1 << 22
        for begin in range(0, n, words):
            u = uniforms(philox_part(i, begin, min(words, n - begin)))
            flat[begin:begin + len(u)] = torch.tensor((2 * u - 1) * bound)


def philox_part(number, begin, count):
    """Words [begin, begin + count) of a parameter's stream; begin is a multiple of 4."""
    mask, k0, k1 = np.uint64(0xFFFFFFFF), 42, 0
    blocks = np.arange(begin // 4, (begin + count + 3) // 4, dtype=np.uint64)
    c = [blocks] + [np.full(len(blocks), v, np.uint64) for v in (number, 0, INITIAL << 24)]
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & mask,
             (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), p0 & mask]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, 1).reshape(-1)[:count].astype(np.uint32)


def summary(tensors):
    """Per tensor: its norm, and values at drawn places (all of a small one)."""
    rows = []
    for i, t in enumerate(tensors):
        flat = t.detach().reshape(-1)
        places = Bounded(TEST, 5, 0, i, 2 * KEPT)
        kept = range(len(flat)) if len(flat) <= KEPT else [places.below(len(flat)) for _ in range(KEPT)]
        rows.append({"norm": torch.linalg.vector_norm(flat, dtype=torch.float64).item(),
                     "values": [float(flat[k]) for k in kept]})
    return rows


def main():
    net = CandleNet().double()
    initialize(net)
    out = {"names": [n for n, _ in net.named_parameters()],
           "initial": summary(net.parameters())}
    rows = np.stack([uniforms(philox_words(TEST, 4, 0, i, FEATURES)) for i in range(SAMPLES)])
    mask = np.stack([uniforms(philox_words(DROPOUT, TASK, STEP, q, HIDDEN)) for q in range(SAMPLES)])
    mask = torch.tensor(np.where(mask < DROP, 0, 1 / (1 - DROP)))
    logits, features = net(torch.tensor(rows)[:, None], mask)
    losses = F.cross_entropy(logits, torch.arange(SAMPLES) % CLASSES, reduction="none")
    weights = torch.tensor([1 + 0.25 * i for i in range(SAMPLES)], dtype=torch.float64)
    ((weights * losses).sum() / weights.sum()).backward()
    out["logits"], out["features"] = logits.flatten().tolist(), features.flatten().tolist()
    out["losses"] = losses.tolist()
    out["gradients"] = summary([p.grad for p in net.parameters()])
    torch.optim.SGD(net.parameters(), lr=LR).step()
    out["parameters"] = summary(net.parameters())
    print(json.dumps(out).replace('{"norm"', '\n{"norm"'))


if __name__ == "__main__":
    main()
