#!/usr/bin/env python3
"""The peer that Reprise is measured against: MNISTNet in plain PyTorch.

  pytorch_peer.py steps --mode amp_cl --steps 600   training steps, no rehearsal
  pytorch_peer.py nil --epochs 1                    NIL on MNIST 4+3+3, end to end

One JSON line on stdout. Data lies in the device's memory as normalised floats and is
indexed, which is faster than a DataLoader. Modes: fp32, tf32 (fp32 with products of 10
bits, PyTorch's default for convolutions on a GPU), amp (bf16 autocast); with _cl
channels_last; with graph_ before it one CUDA graph a step (graph_amp_cl).
"""
import argparse
import gzip
import json
import random
import struct
import time

parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("what", choices=["steps", "nil"])
parser.add_argument("--data", required=True, help="folder with MNIST/raw/*.gz")
parser.add_argument("--mode", default="fp32")
parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--steps", type=int, default=600)
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--per-class", type=int, default=6000)
parser.add_argument("--representatives", type=int, default=20)
parser.add_argument("--candidates", type=int, default=20)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
in_graph = args.mode.startswith("graph_")
arithmetic, _, layout = args.mode[6 if in_graph else 0:].partition("_")
if arithmetic not in ("fp32", "tf32", "amp") or layout not in ("", "cl"):
    parser.error(f"--mode: no {args.mode}")
if args.device == "cpu" and (in_graph or arithmetic == "tf32"):
    parser.error(f"--mode={args.mode} is for --device=cuda")
if in_graph and args.what != "steps":
    parser.error("graphs are for steps: the batches of nil vary")

import torch
import torch.nn.functional as F

from pytorch_mnistnet import MnistNet

torch.set_num_threads(args.threads)
torch.manual_seed(args.seed)
torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = arithmetic == "tf32"
rng = random.Random(args.seed)


def read_split(prefix):
    def read(name):
        content = gzip.open(f"{args.data}/MNIST/raw/{name}.gz").read()
        sizes = struct.unpack(">" + "I" * content[3], content[4:4 + 4 * content[3]])
        return torch.frombuffer(bytearray(content[4 + 4 * len(sizes):]),
                                dtype=torch.uint8).reshape(sizes)
    images = read(prefix + "-images-idx3-ubyte")
    return (((images[:, None].float() / 255 - .5) / .5).to(args.device),
            read(prefix + "-labels-idx1-ubyte").long().to(args.device))


channels_last = layout == "cl"
autocast = arithmetic == "amp"


def make():
    net = MnistNet().to(args.device).train()
    if channels_last:
        net = net.to(memory_format=torch.channels_last)
    return net, torch.optim.SGD(net.parameters(), lr=.01, momentum=.5)


def step(net, optimizer, x, y, weights=None):
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    optimizer.zero_grad()
    with torch.autocast(args.device, torch.bfloat16, enabled=autocast,
                        cache_enabled=not in_graph):
        logits = net(x)
    if weights is None:
        loss = F.cross_entropy(logits.float(), y)
    else:
        loss = (F.cross_entropy(logits.float(), y, reduction="none") * weights).sum() / weights.sum()
    loss.backward()
    optimizer.step()


def finish():
    if args.device == "cuda":
        torch.cuda.synchronize()


def captured(net, optimizer, x, y):
    """A graph of one step on whatever x and y hold; warmed up as PyTorch asks."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            step(net, optimizer, x, y)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step(net, optimizer, x, y)
    return graph


images, labels = read_split("train")

if args.what == "steps":
    net, optimizer = make()
    order = torch.randperm(len(images)).to(args.device)
    batches = len(images) // args.batch
    if in_graph:
        x, y = images[:args.batch].clone(), labels[:args.batch].clone()
        graph = captured(net, optimizer, x, y)

    def run(first, count):
        for i in range(first, first + count):
            chosen = order[i % batches * args.batch:(i % batches + 1) * args.batch]
            if in_graph:
                torch.index_select(images, 0, chosen, out=x)
                torch.index_select(labels, 0, chosen, out=y)
                graph.replay()
            else:
                step(net, optimizer, images[chosen], labels[chosen])
    run(0, 30)
    finish()
    start = time.perf_counter()
    run(30, args.steps)
    finish()
    seconds = time.perf_counter() - start
    print(json.dumps({"mode": args.mode, "device": args.device, "batch": args.batch,
                      "steps": args.steps, "seconds": seconds,
                      "samples_per_second": args.steps * args.batch / seconds}))
    raise SystemExit

test_images, test_labels = read_split("t10k")
host_labels = labels.cpu()
buffer = torch.empty(10, args.per_class, 1, 28, 28, device=args.device)
stored, offered = [0] * 10, [0] * 10
net, _ = make()
accuracies = []
tasks = [range(0, 4), range(4, 7), range(7, 10)]
for t, classes in enumerate(tasks):
    optimizer = torch.optim.SGD(net.parameters(), lr=.01, momentum=.5)
    rows = torch.isin(host_labels, torch.tensor(list(classes))).nonzero()[:, 0]
    for _ in range(args.epochs):
        order = rows[torch.randperm(len(rows))]
        for i in range(0, len(order), args.batch):
            chosen = order[i:i + args.batch]
            x, y, weights = images[chosen], labels[chosen], None
            total = sum(stored)
            if total:
                drawn = torch.tensor(rng.sample(range(total), min(args.representatives, total)))
                counts = torch.tensor(stored)
                ends = counts.cumsum(0)
                c = torch.searchsorted(ends, drawn, right=True)
                slot = drawn - (ends[c] - counts[c])
                scale = args.batch / args.candidates / total
                w = (torch.tensor(offered) * scale).clamp(min=1e-9).log().clamp(min=1)
                x = torch.cat((x, buffer[c, slot]))
                y = torch.cat((y, c.to(args.device)))
                weights = torch.cat((torch.ones(len(chosen)), w[c])).to(args.device)
            step(net, optimizer, x, y, weights)
            for q in rng.sample(range(len(chosen)), min(args.candidates, len(chosen))):
                c = int(host_labels[chosen[q]])
                offered[c] += 1
                if stored[c] < args.per_class:
                    slot, stored[c] = stored[c], stored[c] + 1
                else:
                    slot = rng.randrange(args.per_class)
                buffer[c, slot] = images[chosen[q]]
    net.eval()
    accuracies.append([])
    with torch.no_grad():
        for seen in tasks[:t + 1]:
            chosen = torch.isin(test_labels, torch.tensor(list(seen), device=args.device))
            hits = net(test_images[chosen]).argmax(1) == test_labels[chosen]
            accuracies[-1].append(hits.float().mean().item())
    net.train()
print(json.dumps({"mode": args.mode, "epochs": args.epochs, "accuracies": accuracies}))
