#!/usr/bin/env python3
"""Writes resnet_reference.json: residual networks built from torch.nn's own layers as
torchvision builds them (3x3 stem, no max-pooling), in double precision: forward pass,
loss and gradients of a training step, two steps of torch.optim.SGD, BatchNorm's running
statistics after them, and the evaluated network.

Initial parameters follow models/resnet.h; scales and shifts of BatchNorm are then moved
off 1 and 0 (of the last ones in a block especially, which would hide the block).

  python3 -m venv v && v/bin/pip install torch==2.11.0 numpy==2.4.6
  v/bin/python tests/golden/resnet_reference.py > tests/golden/resnet_reference.json
"""
import json
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import nil_reference
from nil_reference import INITIAL, TEST, philox_words, sketch, uniforms

nil_reference.SKETCHES = 4  # dot products a tensor

WIDTH, CLASSES, SAMPLES = 8, 10, 6
LR, MOMENTUM, WEIGHT_DECAY, STEPS = 0.05, 0.9, 1e-2, 2
BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}


def conv(inputs, outputs, kernel, stride):
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


class Block(nn.Module):
    def __init__(self, inputs, width, outputs, stride, bottleneck):
        super().__init__()
        self.conv1 = conv(inputs, width, 1 if bottleneck else 3, 1 if bottleneck else stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv(width, width if bottleneck else outputs, 3, stride if bottleneck else 1)
        self.bn2 = nn.BatchNorm2d(width if bottleneck else outputs)
        if bottleneck:
            self.conv3 = conv(width, outputs, 1, 1)
            self.bn3 = nn.BatchNorm2d(outputs)
        self.bottleneck, self.downsample = bottleneck, None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.bottleneck:
            y = self.bn3(self.conv3(F.relu(y)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, depth, upstream):
        super().__init__()
        bottleneck = depth >= 50
        expansion = 4 if bottleneck and not upstream else 1
        blocks = (2, 2, 2) if upstream else BLOCKS[depth]
        self.conv1, self.bn1 = conv(3, WIDTH, 3, 1), nn.BatchNorm2d(WIDTH)
        channels = WIDTH
        for stage, count in enumerate(blocks):
            width = WIDTH << stage
            layers = []
            for b in range(count):
                layers.append(Block(channels, width, width * expansion, 2 if stage and not b else 1,
                                    bottleneck))
                channels = width * expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.stages = len(blocks)
        self.fc = nn.Linear(channels, CLASSES)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        features = x.mean((2, 3))
        return self.fc(features), features


def initialize(net):
    """Parameters in the order of Reprise: stem, blocks with their downsampling last, fc."""
    for i, (name, p) in enumerate(net.named_parameters()):
        n = p.numel()
        if p.dim() == 4:
            u = uniforms(philox_words(INITIAL, 0, 0, i, 2 * n)).reshape(n, 2)
            normal = np.sqrt(-2 * np.log1p(-u[:, 0])) * np.cos(2 * math.pi * u[:, 1])
            v = normal * math.sqrt(2 / (p.shape[2] * p.shape[3] * p.shape[0]))
        elif name == "fc.weight":
            u = uniforms(philox_words(INITIAL, 0, 0, i, 2 * n)).reshape(n, 2)
            v = 0.01 * np.sqrt(-2 * np.log1p(-u[:, 0])) * np.cos(2 * math.pi * u[:, 1])
        elif name == "fc.bias":
            v = np.zeros(n)
        else:  # BatchNorm's, moved off its initial value
            base = 0.8 if name.endswith("weight") else 0.1
            v = base + 0.4 * (uniforms(philox_words(TEST, 1, 0, i, n)) - 0.5)
        with torch.no_grad():
            p.copy_(torch.tensor(v).reshape(p.shape))


def rows():
    """uint8 [SAMPLES, 3, 32, 32]."""
    i, c, y, x = np.meshgrid(np.arange(SAMPLES), np.arange(3), np.arange(32), np.arange(32), indexing="ij")
    return ((i + 1) * x * y + 31 * i + 53 * c * (x + y) + 7 * x) % 256


def inputs():
    mean = np.array([.485, .456, .406]).reshape(1, 3, 1, 1)
    std = np.array([.229, .224, .225]).reshape(1, 3, 1, 1)
    return torch.tensor((rows() / 255 - mean) / std)


def case(depth, upstream):
    net = ResNet(depth, upstream).double()
    initialize(net)
    x = inputs()
    labels = torch.arange(SAMPLES) % CLASSES
    weights = torch.tensor([1.0 + 0.25 * (i % 3) for i in range(SAMPLES)], dtype=torch.float64)
    optimizer = torch.optim.SGD(net.parameters(), lr=LR, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    out = {"depth": depth, "upstream": upstream, "names": list(net.state_dict()),
           "weights": weights.tolist()}
    for step in range(STEPS):
        optimizer.zero_grad()
        logits, features = net(x)
        losses = F.cross_entropy(logits, labels, reduction="none")
        ((weights * losses).sum() / weights.sum()).backward()
        if step == 0:
            out.update({"logits": logits.detach().reshape(-1).tolist(),
                        "features": sketch([features])[0], "losses": losses.tolist(),
                        "gradients": sketch([p.grad for p in net.parameters()])})
        optimizer.step()
    out["parameters"] = sketch(list(net.parameters()))
    buffers = dict(net.named_buffers())
    for key, ending in (("running_means", "running_mean"), ("running_variances", "running_var")):
        out[key] = sketch([torch.cat([v for k, v in buffers.items() if k.endswith(ending)])])[0]
    net.eval()
    with torch.no_grad():
        out["evaluated"] = net(x)[0].reshape(-1).tolist()
    return out


def main():
    cases = [case(18, False), case(50, False), case(18, True), case(50, True)]
    print(json.dumps({"cases": cases}).replace('{"depth"', '\n{"depth"'))


if __name__ == "__main__":
    main()
