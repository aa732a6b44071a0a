#!/usr/bin/env python3
"""The peer that Reprise is measured against: MNISTNet in plain PyTorch.

  pytorch_peer.py steps --mode amp_cl --steps 600   training steps, no rehearsal
  pytorch_peer.py nil --epochs 1                    NIL on MNIST 4+3+3, end to end

One JSON line on stdout. Data lies in memory as normalised floats and is indexed,
which is faster than a DataLoader. Modes: fp32, fp32_cl, amp, amp_cl (bf16
autocast; _cl: channels_last).
"""
import argparse
import gzip
import json
import struct
import time

parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("what", choices=["steps", "nil"])
parser.add_argument("--data", required=True, help="folder with MNIST/raw/*.gz")
parser.add_argument("--mode", default="fp32")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--steps", type=int, default=600)
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--per-class", type=int, default=6000)
parser.add_argument("--representatives", type=int, default=20)
parser.add_argument("--candidates", type=int, default=20)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(args.threads)
torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)


def read_split(prefix):
    def read(name):
        content = gzip.open(f"{args.data}/MNIST/raw/{name}.gz").read()
        sizes = struct.unpack(">" + "I" * content[3], content[4:4 + 4 * content[3]])
        return torch.frombuffer(bytearray(content[4 + 4 * len(sizes):]),
                                dtype=torch.uint8).reshape(sizes)
    images = read(prefix + "-images-idx3-ubyte")
    return (images[:, None].float() / 255 - .5) / .5, read(prefix + "-labels-idx1-ubyte").long()


class MnistNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.fc1, self.fc2 = nn.Linear(1600, 50), nn.Linear(50, 10)
        self.dropout2d, self.dropout = nn.Dropout2d(), nn.Dropout()

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.dropout2d(self.conv2(x)), 2))
        return self.fc2(self.dropout(F.relu(self.fc1(x.flatten(1)))))


channels_last = args.mode.endswith("_cl")
autocast = args.mode.startswith("amp")


def make():
    net = MnistNet().train()
    if channels_last:
        net = net.to(memory_format=torch.channels_last)
    return net, torch.optim.SGD(net.parameters(), lr=.01, momentum=.5)


def step(net, optimizer, x, y, weights=None):
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    optimizer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        logits = net(x)
    if weights is None:
        loss = F.cross_entropy(logits.float(), y)
    else:
        loss = (F.cross_entropy(logits.float(), y, reduction="none") * weights).sum() / weights.sum()
    loss.backward()
    optimizer.step()


images, labels = read_split("train")

if args.what == "steps":
    net, optimizer = make()
    order = torch.randperm(len(images))
    batches = len(images) // args.batch

    def run(first, count):
        for i in range(first, first + count):
            chosen = order[i % batches * args.batch:(i % batches + 1) * args.batch]
            step(net, optimizer, images[chosen], labels[chosen])
    run(0, 30)
    start = time.perf_counter()
    run(30, args.steps)
    seconds = time.perf_counter() - start
    print(json.dumps({"mode": args.mode, "steps": args.steps, "seconds": seconds,
                      "samples_per_second": args.steps * args.batch / seconds}))
    raise SystemExit

test_images, test_labels = read_split("t10k")
buffer = torch.empty(10, args.per_class, 1, 28, 28)
stored, offered = np.zeros(10, int), np.zeros(10, np.int64)
net, _ = make()
accuracies = []
tasks = [range(0, 4), range(4, 7), range(7, 10)]
for t, classes in enumerate(tasks):
    optimizer = torch.optim.SGD(net.parameters(), lr=.01, momentum=.5)
    rows = torch.isin(labels, torch.tensor(list(classes))).nonzero()[:, 0]
    for _ in range(args.epochs):
        order = rows[torch.randperm(len(rows))]
        for i in range(0, len(order), args.batch):
            chosen = order[i:i + args.batch]
            x, y, weights = images[chosen], labels[chosen], None
            total = int(stored.sum())
            if total:
                drawn = rng.choice(total, min(args.representatives, total), replace=False)
                ends = np.cumsum(stored)
                c = np.searchsorted(ends, drawn, side="right")
                slot = drawn - (ends[c] - stored[c])
                scale = args.batch / args.candidates * offered.sum() / total
                w = np.maximum(np.log(np.maximum(offered / offered.sum() * scale, 1e-9)), 1)
                x = torch.cat((x, buffer[torch.from_numpy(c), torch.from_numpy(slot)]))
                y = torch.cat((y, torch.from_numpy(c)))
                weights = torch.cat((torch.ones(len(chosen)), torch.from_numpy(w[c]).float()))
            step(net, optimizer, x, y, weights)
            for q in rng.permutation(len(chosen))[:args.candidates]:
                c = int(labels[chosen[q]])
                offered[c] += 1
                if stored[c] < args.per_class:
                    slot, stored[c] = stored[c], stored[c] + 1
                else:
                    slot = rng.integers(args.per_class)
                buffer[c, slot] = images[chosen[q]]
    net.eval()
    accuracies.append([])
    with torch.no_grad():
        for seen in tasks[:t + 1]:
            chosen = torch.isin(test_labels, torch.tensor(list(seen)))
            hits = net(test_images[chosen]).argmax(1) == test_labels[chosen]
            accuracies[-1].append(hits.float().mean().item())
    net.train()
print(json.dumps({"mode": args.mode, "epochs": args.epochs, "accuracies": accuracies}))
