#!/usr/bin/env python3
"""The peer that Reprise's networks are measured against: plain PyTorch, random data.

  pytorch_networks.py candlenet --mode fp32 --batch 20 --steps 2

One JSON line on stdout: seconds a training step (forward, backward, SGD with momentum .5)
after one that is not counted. Modes: fp32, fp32_cl, amp_cl (bf16 autocast; _cl:
channels_last).
"""
import argparse
import json
import time

parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("network", choices=["mnistnet", "candlenet", "resnet34", "resnet101", "resnet152"])
parser.add_argument("--mode", default="fp32", choices=["fp32", "fp32_cl", "amp_cl"])
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--steps", type=int, required=True)
args = parser.parse_args()

import torch
import torch.nn as nn
import torch.nn.functional as F

from pytorch_mnistnet import MnistNet

torch.set_num_threads(args.threads)
torch.manual_seed(0)
channels_last = args.mode.endswith("_cl")
autocast = args.mode.startswith("amp")


class CandleNet(nn.Module):
    """By 1-d layers, as one writes it; by 2-d ones for channels_last, which 1-d ones lack."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 128, (1, 20)) if channels_last else nn.Conv1d(1, 128, 20)
        self.conv2 = nn.Conv2d(128, 128, (1, 10)) if channels_last else nn.Conv1d(128, 128, 10)
        self.fc1, self.fc2, self.fc3 = nn.Linear(773760, 200), nn.Linear(200, 20), nn.Linear(20, 2)

    def forward(self, x):
        x = F.relu(self.conv2(F.relu(self.conv1(x if channels_last else x[:, :, 0]))))
        x = F.max_pool2d(x, (1, 10)) if channels_last else F.max_pool1d(x, 10)
        x = F.dropout(F.relu(self.fc1(x.flatten(1))), .1)
        return self.fc3(F.relu(self.fc2(x)))


class Block(nn.Module):
    def __init__(self, inputs, width, stride, expansion):
        super().__init__()
        outputs = width * expansion
        sizes = ([(inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)]
                 if expansion > 1 else [(inputs, width, 3, stride), (width, outputs, 3, 1)])
        self.body = nn.ModuleList(
            nn.Sequential(nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o))
            for i, o, k, s in sizes)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                                          nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = x
        for i, layer in enumerate(self.body):
            y = layer(F.relu(y, inplace=True) if i else y)
        return F.relu(y + self.shortcut(x), inplace=True)


def resnet(depth):
    blocks = {34: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3]}[depth]
    expansion = 1 if depth < 50 else 4
    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
    channels = 64
    for stage, count in enumerate(blocks):
        for block in range(count):
            layers.append(Block(channels, 64 << stage, 2 if stage and not block else 1, expansion))
            channels = (64 << stage) * expansion
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


if args.network == "mnistnet":
    net, shape, classes = MnistNet(), (1, 28, 28), 10
elif args.network == "candlenet":
    net, shape, classes = CandleNet(), (1, 1, 60483), 2
else:
    net, shape, classes = resnet(int(args.network[6:])), (3, 32, 32), 10
if channels_last:
    net = net.to(memory_format=torch.channels_last)
optimizer = torch.optim.SGD(net.parameters(), lr=.01, momentum=.5)
images, labels = torch.randn(args.batch, *shape), torch.randint(classes, (args.batch,))


def step():
    x = images.contiguous(memory_format=torch.channels_last) if channels_last else images
    optimizer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        logits = net(x)
    F.cross_entropy(logits.float(), labels).backward()
    optimizer.step()


step()
start = time.perf_counter()
for _ in range(args.steps):
    step()
print(json.dumps({"mode": args.mode, "seconds": (time.perf_counter() - start) / args.steps}))
