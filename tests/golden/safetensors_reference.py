#!/usr/bin/env python3
"""Compares Reprise's safetensors files with those of the reference implementation.

  python3 -m venv v && v/bin/pip install safetensors==0.8.0 torch==2.11.0 numpy==2.4.6
  v/bin/python tests/golden/safetensors_reference.py

prints the file that core/checkpoint/safetensors_test.cc holds as base64 (the
reference's own bytes for the tensors below), and

  v/bin/python tests/golden/safetensors_reference.py FILE

reads FILE, for example a weights.safetensors of a run, and lists what is in it.
"""
import base64
import sys
import tempfile

import torch
from safetensors import safe_open
from safetensors.torch import save_file

TENSORS = {
    "a.weight": torch.tensor([[1.5, -2.0, 0.25], [3.0, 0.0, -0.125]]),
    "b.half": torch.tensor([1.0, -0.5, 256.0], dtype=torch.bfloat16),
    "c.double": torch.tensor(0.1, dtype=torch.float64),
    "d.count": torch.tensor([[-1], [2**40]]),
    "e.bytes": torch.tensor([0, 7, 255], dtype=torch.uint8),
    "f.empty": torch.zeros(0, 3),
}


def main():
    if len(sys.argv) == 1:
        with tempfile.NamedTemporaryFile() as file:
            save_file(TENSORS, file.name, {"héad \"1\"": "a\nb"})
            print(base64.b64encode(open(file.name, "rb").read()).decode())
        return
    with safe_open(sys.argv[1], "pt") as file:
        print(file.metadata())
        for name in file.keys():
            value = file.get_tensor(name)
            print(name, tuple(value.shape), value.dtype, value.double().sum().item())


if __name__ == "__main__":
    main()
