"""Writes cifar_pickle_reference.json: batches of CIFAR-10's Python layout as Python
itself pickles them. The tests read these bytes, so the reader is not checked against
our own idea of a pickle.

    for p in PYTHON2_WITH_NUMPY PYTHON3_WITH_NUMPY1 PYTHON3_WITH_NUMPY2; do
      $p tests/golden/cifar_pickle_reference.py tests/golden/cifar_pickle_reference.json
    done

Each run adds what that interpreter writes, under its own name. Made with Python 2.7.18
and numpy 1.16.6 (cPickle, protocol 2: what the published files are), Python 3.11.7 and
numpy 1.26.4, and Python 3.11.7 and numpy 2.4.6.

Record i of n has label (6 + 3 i) mod 10 and the byte (7 i + 13 p + 50 (p // 1024)) mod 256
at element p. The value is the pickle compressed by zlib, in base64.
"""

import base64
import json
import os
import sys
import zlib

import numpy

try:
    import cPickle as pickle
except ImportError:
    import pickle


def batch(n, bytes_keys=False):
    i = numpy.arange(n).reshape(n, 1)
    p = numpy.arange(3072).reshape(1, 3072)
    content = {
        "batch_label": "training batch 1 of 5",
        "labels": [(6 + 3 * k) % 10 for k in range(n)],
        "data": ((7 * i + 13 * p + 50 * (p // 1024)) % 256).astype(numpy.uint8),
        "filenames": ["image_s_%06d.png" % k for k in range(n)],
    }
    if bytes_keys:
        # What pickle.load(..., encoding="bytes") makes of the published files.
        content = {
            key.encode(): [v.encode() for v in value]
            if key == "filenames"
            else value.encode()
            if key == "batch_label"
            else value
            for key, value in content.items()
        }
    return content


def main():
    path = sys.argv[1]
    known = {}
    if os.path.exists(path):
        with open(path) as f:
            known = json.load(f)
    python = "python %d.%d, numpy %s" % (sys.version_info[:2] + (numpy.__version__,))
    variants = {}
    if sys.version_info[0] == 2:
        variants["protocol 2"] = (2, batch(2))
        variants["protocol 2, one record"] = (2, batch(1))
    else:
        for protocol in (2, 3, 4, 5):
            variants["protocol %d" % protocol] = (protocol, batch(2))
        variants["protocol 4, one record"] = (4, batch(1))
        variants["protocol 2, keys of bytes"] = (2, batch(2, bytes_keys=True))
        variants["protocol 4, keys of bytes"] = (4, batch(2, bytes_keys=True))
    for name, (protocol, content) in variants.items():
        compressed = zlib.compress(pickle.dumps(content, protocol), 9)
        known["%s, %s" % (python, name)] = base64.b64encode(compressed).decode()
    with open(path, "w") as f:
        json.dump(known, f, indent=1, sort_keys=True, separators=(",", ": "))
        f.write("\n")


main()
