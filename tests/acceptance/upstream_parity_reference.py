#!/usr/bin/env python3
"""Writes upstream_parity_reference.json: the loss of the first 50 steps of NIL on real
MNIST under --profile=upstream, by plain PyTorch in double precision from the same initial
weights, batches, draws and dropout masks (nil_reference.py), on images resized to 32 x 32
and cropped to 28 x 28 by Pillow, as torchvision does it.

  python3 -m venv v && v/bin/pip install torch==2.11.0 numpy==2.4.6 pillow==12.0.0
  v/bin/python tests/acceptance/upstream_parity_reference.py DATASETS \\
    > tests/acceptance/upstream_parity_reference.json
"""
import gzip
import json
import pathlib
import sys

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
import nil_reference  # noqa: E402

STEPS = 50
nil_reference.EPOCHS, nil_reference.BATCH = 1, 64
nil_reference.REPRESENTATIVES = nil_reference.CANDIDATES = 20
nil_reference.CAPACITY, nil_reference.LR, nil_reference.MOMENTUM = 6000, 0.01, 0.5


def read(path, skip):
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=skip)


def main():
    raw = pathlib.Path(sys.argv[1]) / "MNIST" / "raw"
    images = read(raw / "train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
    labels = read(raw / "train-labels-idx1-ubyte.gz", 8)

    def inputs(ids):
        rows = [np.asarray(Image.fromarray(images[i]).resize((32, 32), Image.BILINEAR))[2:30, 2:30]
                for i in ids]
        return torch.tensor((np.stack(rows) / 255.0 - 0.5) / 0.5).reshape(-1, 1, 28, 28)

    first = [i for i in range(len(labels)) if labels[i] < 4]
    steps = nil_reference.nil_steps(nil_reference.initial_parameters(), [first],
                                    lambda i: int(labels[i]), inputs)
    losses, weights = [], []
    for _, step in zip(range(STEPS), steps):
        losses.append(step["loss"])
        weights.append(step["weight"])
    print(json.dumps({"losses": losses, "weights": weights}, indent=0))


if __name__ == "__main__":
    main()
