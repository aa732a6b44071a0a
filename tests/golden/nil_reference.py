#!/usr/bin/env python3
"""Writes nil_reference.json: two tasks of two epochs of NIL on MNISTNet, 54 steps,
computed by plain Python and PyTorch in double precision, sharing no code with
Reprise.

Reimplemented here from the documented definitions: Philox4x32-10 and its stream
keys, the Fisher-Yates order, the class-balanced buffer, the class weights, the
dropout masks and the initial parameters. PyTorch supplies MNISTNet's layers,
autograd and the SGD recurrence.

  python3 -m venv v && v/bin/pip install torch==2.11.0 numpy==2.4.6
  v/bin/python tests/golden/nil_reference.py > tests/golden/nil_reference.json

Parameters (99,376 numbers) are kept as sketches: dot products with 16 vectors of
random signs a tensor, whose differences estimate the norm of the difference.
"""
import json
import math

import numpy as np
import torch
import torch.nn.functional as F

SEED = 42
INITIAL, ORDER, DROPOUT, DRAW, CANDIDATE, REPLACEMENT, TEST = 1, 2, 3, 5, 6, 7, 255
CLASSES, ROWS_PER_CLASS = 10, 60
TASKS = [[0, 1, 2, 3], [4, 5, 6]]
EPOCHS = 2  # the last batch of an epoch of the second task is short
BATCH, REPRESENTATIVES, CANDIDATES, CAPACITY = 16, 6, 5, 4
LR, MOMENTUM = 0.05, 0.5
SKETCHES = 16


def philox_words(purpose, task, step, position, count, seed=SEED):
    """The first `count` words of a stream, as uint32."""
    blocks = (count + 3) // 4
    mask = np.uint64(0xFFFFFFFF)
    c = [np.arange(blocks, dtype=np.uint64)] + [
        np.full(blocks, v, np.uint64) for v in (position, step, (purpose << 24) | task)]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & mask,
             (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), p0 & mask]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, 1).reshape(-1)[:count].astype(np.uint32)


def uniforms(words):
    return (words >> 8).astype(np.float64) / (1 << 24)


class Bounded:
    """NextBelow of one stream."""

    def __init__(self, purpose, task, step, position, capacity=4096):
        w = philox_words(purpose, task, step, position, capacity)
        self.values = [int(a) | (int(b) << 32) for a, b in zip(w[::2], w[1::2])]
        self.used = 0

    def below(self, bound):
        self.used += 1
        return (self.values[self.used - 1] * bound) >> 64


def shuffle_prefix(stream, n, k):
    a = list(range(n))
    for i in range(min(n, k)):
        j = i + stream.below(n - i)
        a[i], a[j] = a[j], a[i]
    return a[:min(n, k)]


def data_row(index):
    """784 bytes; rows are class-major in blocks of ROWS_PER_CLASS."""
    label, p = index // ROWS_PER_CLASS, np.arange(784)
    return ((label + 1) * (p % 28) * (p // 28) + 31 * (index % ROWS_PER_CLASS) + p) % 256


def stripe_row(index):
    """The same of columns only. Equal rows make equal pooling windows, whose choice changes
    nothing, and leave few others, so that training for many steps meets no near-tie."""
    label, x = index // ROWS_PER_CLASS, np.arange(784) % 28
    return ((label + 1) * x * x + 43 * (index % ROWS_PER_CLASS) + x) % 256


class Margins:
    """How clear the choices are that gradients depend on: the smallest difference between the
    largest value of a pooling window and one that is not equal, and the smallest distance
    of a value from the kink of relu. Rounding in fp32 moves values by up to about 3e-7."""

    def __init__(self):
        self.pooling = self.relu = math.inf

    def note_relu(self, values):
        if values.numel():
            self.relu = min(self.relu, values.detach().abs().min().item())

    def note_pooling(self, values, kept=None):
        """[n, C, H, W] before 2x2 pooling and relu; kept [n, C]: not dropped."""
        windows = values.detach().unfold(2, 2, 2).unfold(3, 2, 2).flatten(-2).sort(-1).values
        if kept is not None:
            windows = windows[kept]
        top = windows[..., 3]
        self.note_relu(top)
        gaps = (top[..., None] - windows[..., :3])[top > 0]
        gaps = gaps[gaps > 1e-12]
        if gaps.numel():
            self.pooling = min(self.pooling, gaps.min().item())

    def checked(self, least=1e-6):
        """Both, for the JSON."""
        assert min(self.pooling, self.relu) >= least, (self.pooling, self.relu)
        return {"pooling": self.pooling, "relu": self.relu}


SHAPES = [("conv1.weight", (32, 1, 3, 3)), ("conv1.bias", (32,)),
          ("conv2.weight", (64, 32, 3, 3)), ("conv2.bias", (64,)),
          ("fc1.weight", (50, 1600)), ("fc1.bias", (50,)),
          ("fc2.weight", (10, 50)), ("fc2.bias", (10,))]


def initial_parameters():
    result, fan_in = [], 1
    for i, (name, shape) in enumerate(SHAPES):
        if name.endswith("weight"):
            fan_in = int(np.prod(shape[1:]))
        n = int(np.prod(shape))
        u = uniforms(philox_words(INITIAL, 0, 0, i, n))
        v = torch.tensor((2 * u - 1) * (1 / math.sqrt(fan_in))).reshape(shape)
        result.append(v.requires_grad_())
    return result


def forward(p, x, masks=None, margins=None):
    """MNISTNet with dropout2d where it stands in the definition: before pooling."""
    x = F.conv2d(x, p[0], p[1])
    if margins:
        margins.note_pooling(x)
    x = F.conv2d(F.relu(F.max_pool2d(x, 2)), p[2], p[3])
    if masks is not None:
        x = x * masks[:, :64, None, None]
    if margins:
        margins.note_pooling(x, None if masks is None else masks[:, :64] > 0)
    x = F.relu(F.max_pool2d(x, 2))
    features = F.linear(x.flatten(1), p[4], p[5])
    if margins:
        margins.note_relu(features if masks is None else features[masks[:, 64:] > 0])
    x = F.relu(features)
    if masks is not None:
        x = x * masks[:, 64:]
    return F.linear(x, p[6], p[7]), features


def sketch(tensors):
    """Per tensor: [norm, 16 dot products with random signs]."""
    rows = []
    for i, t in enumerate(tensors):
        v = t.detach().reshape(-1).numpy()
        dots = []
        for k in range(SKETCHES):
            w = philox_words(TEST, 0, k, i, len(v))
            dots.append(float(np.where(w & 1, 1.0, -1.0) @ v))
        rows.append([float(np.linalg.norm(v))] + dots)
    return rows


def inputs(ids, row=data_row):
    rows = np.stack([row(i) for i in ids]).astype(np.float64)
    return torch.tensor((rows / 255 - 0.5) / 0.5).reshape(-1, 1, 28, 28)


def nil_steps(params, tasks, label_of, make_inputs, classes=CLASSES, margins=None):
    """NIL on one rank, by its definition: yields each step as a dict, updates `params`.

    tasks: a list of lists of rows; label_of: row -> class; make_inputs: rows -> tensor.
    """
    stored = [[] for _ in range(classes)]
    class_count = [0] * classes
    class_weight = [1.0] * classes
    for task, rows in enumerate(tasks):
        velocity = [torch.zeros_like(p) for p in params]
        per_epoch = (len(rows) + BATCH - 1) // BATCH
        for step in range(EPOCHS * per_epoch):
            epoch, s = divmod(step, per_epoch)
            order = shuffle_prefix(Bounded(ORDER, task, epoch, 0, 2 * len(rows)), len(rows), len(rows))
            batch = [rows[j] for j in order[s * BATCH:(s + 1) * BATCH]]
            flat = [(c, k) for c in range(classes) for k in range(len(stored[c]))]
            draws = shuffle_prefix(Bounded(DRAW, task, step, 0), len(flat), REPRESENTATIVES)
            drawn = [stored[c][k] for c, k in (flat[j] for j in draws)]
            ids = batch + drawn
            labels = torch.tensor([label_of(i) for i in ids])
            weights = torch.tensor([1.0] * len(batch) +
                                   [float(np.float32(class_weight[label_of(i)])) for i in drawn],
                                   dtype=torch.float64)
            positions = list(range(len(batch))) + [BATCH + i for i in range(len(drawn))]
            u = np.stack([uniforms(philox_words(DROPOUT, task, step, q, 114)) for q in positions])
            masks = torch.tensor(np.where(u < 0.5, 0.0, 2.0))
            logits, _ = forward(params, make_inputs(ids), masks, margins)
            losses = F.cross_entropy(logits, labels, reduction="none")
            loss = (weights * losses).sum() / weights.sum()
            gradients = torch.autograd.grad(loss, params)
            with torch.no_grad():
                for p, v, g in zip(params, velocity, gradients):
                    v.mul_(MOMENTUM).add_(g)
                    p.sub_(LR * v)
            victims = Bounded(REPLACEMENT, task, step, 0)
            chosen = shuffle_prefix(Bounded(CANDIDATE, task, step, 0), len(batch), CANDIDATES)
            for i in (batch[j] for j in chosen):
                c = label_of(i)
                class_count[c] += 1
                if len(stored[c]) < CAPACITY:
                    stored[c].append(i)
                else:
                    stored[c][victims.below(CAPACITY)] = i
            offered, held = sum(class_count), sum(map(len, stored))
            total = (BATCH / CANDIDATES) * (offered / held)
            class_weight = [max(math.log(n / offered * total), 1.0) if n else 1.0 for n in class_count]
            yield {"incoming": batch, "drawn": drawn, "loss": loss.item(), "weight": weights.sum().item(),
                   "class_count": list(class_count), "class_weight": list(class_weight),
                   "stored": [list(s) for s in stored]}


def main():
    params = initial_parameters()
    out = {"initial": sketch(params), "steps": []}
    tasks = [[i for c in classes for i in range(c * ROWS_PER_CLASS, (c + 1) * ROWS_PER_CLASS)]
             for classes in TASKS]
    margins = Margins()
    for step in nil_steps(params, tasks, lambda i: i // ROWS_PER_CLASS,
                          lambda ids: inputs(ids, stripe_row), margins=margins):
        del step["weight"]
        out["steps"].append(step)
    out["final"] = sketch(params)
    out["margins"] = margins.checked()
    text = json.dumps(out)
    print(text.replace('{"incoming"', '\n{"incoming"').replace('"final"', '\n"final"'))


if __name__ == "__main__":
    main()
