#!/usr/bin/env python3
"""Writes resize_reference.json: images resized by Pillow, as torchvision's Resize does it.

  python3 -m venv v && v/bin/pip install numpy==2.4.6 pillow==12.0.0
  v/bin/python tests/golden/resize_reference.py > tests/golden/resize_reference.json
"""
import json

import numpy as np
from PIL import Image

cases = []
for height, width, new_height, new_width in [(28, 28, 32, 32), (28, 28, 13, 9), (5, 7, 5, 7), (1, 1, 3, 2)]:
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    image = ((x * x * 37 + y * 91 + x * y * 13) % 256).astype(np.uint8)
    resized = np.asarray(Image.fromarray(image).resize((new_width, new_height), Image.BILINEAR))
    cases.append({"shape": [height, width, new_height, new_width], "resized": resized.reshape(-1).tolist()})
print(json.dumps(cases).replace("{", "\n{"))
