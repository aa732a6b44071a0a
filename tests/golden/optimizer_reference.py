#!/usr/bin/env python3
"""Writes optimizer_reference.json: parameters after steps 1, 2 and 20 of torch.optim's
optimizers, in double and single precision, with learning rates that change.

  python3 -m venv v && v/bin/pip install torch==2.11.0 numpy==2.4.6
  v/bin/python tests/golden/optimizer_reference.py > tests/golden/optimizer_reference.json
"""
import json

import torch

from nil_reference import TEST, philox_words, uniforms

PARAMETERS, STEPS, KEPT = 6, 20, (1, 2, 20)

SGD, ADAM, ADAMW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
RMSPROP, ADAGRAD = torch.optim.RMSprop, torch.optim.Adagrad
CASES = [
    (SGD, {"lr": 0.1}),
    (SGD, {"lr": 0.1, "weight_decay": 0.1}),
    (SGD, {"lr": 0.05, "momentum": 0.9}),
    (SGD, {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01}),
    (SGD, {"lr": 0.05, "momentum": 0.9, "dampening": 0.3}),
    (SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    (SGD, {"lr": 0.05, "momentum": 0.5, "nesterov": True, "weight_decay": 0.01}),
    (ADAM, {"lr": 0.01}),
    (ADAM, {"lr": 0.01, "weight_decay": 0.1}),
    (ADAM, {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3}),
    (ADAMW, {"lr": 0.01, "weight_decay": 0}),
    (ADAMW, {"lr": 0.01, "weight_decay": 0.1}),
    (ADAMW, {"lr": 0.01, "betas": (0.4, 0.95), "weight_decay": 0.01}),
    (RMSPROP, {"lr": 0.01}),
    (RMSPROP, {"lr": 0.01, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1}),
    (RMSPROP, {"lr": 0.01, "momentum": 0.9}),
    (RMSPROP, {"lr": 0.01, "centered": True}),
    (RMSPROP, {"lr": 0.01, "centered": True, "momentum": 0.9, "weight_decay": 0.01}),
    (ADAGRAD, {"lr": 0.05}),
    (ADAGRAD, {"lr": 0.05, "eps": 1e-3, "weight_decay": 0.1}),
]


def draw(step):
    """Exact in single precision; step 0 gives the initial parameters."""
    return 2 * uniforms(philox_words(TEST, 2, step, 0, PARAMETERS)) - 1


def lr_factor(step):
    return (1, 0.5, 2)[step % 3]


def run(optimizer, options, dtype):
    parameters = torch.tensor(draw(0), dtype=dtype)
    optimizer, kept = optimizer([parameters], **options), []
    for step in range(1, STEPS + 1):
        optimizer.param_groups[0]["lr"] = options["lr"] * lr_factor(step)
        # The caller's numerators are twice the gradient.
        parameters.grad = torch.tensor(draw(step), dtype=dtype)
        optimizer.step()
        if step in KEPT:
            kept.append(parameters.tolist())
    return kept


def main():
    cases = []
    for optimizer, options in CASES:
        values = dict(options)
        if "betas" in values:
            values["beta1"], values["beta2"] = values.pop("betas")
        cases.append({"optimizer": optimizer.__name__, "options": values,
                      "double": run(optimizer, options, torch.float64),
                      "float": run(optimizer, options, torch.float32)})
    print(json.dumps(cases).replace('{"optimizer"', '\n{"optimizer"').replace('"float"', '\n"float"'))


if __name__ == "__main__":
    main()
