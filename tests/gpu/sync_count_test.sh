#!/bin/bash
# What libsynccount.so counts and passes on: calls of a known number into a stand-in of
# CUDA's runtime.
#   sync_count_test.sh LIBSYNCCOUNT STAND_IN
set -euo pipefail
preload=$(realpath "$1") stand_in=$(realpath "$2")
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT

LD_PRELOAD="$preload $stand_in" SYNC_COUNT_FILE=$counts python3 - << 'PROGRAM'
import ctypes
runtime = ctypes.CDLL(None)


class Dim3(ctypes.Structure):
    _fields_ = [("x", ctypes.c_uint), ("y", ctypes.c_uint), ("z", ctypes.c_uint)]


assert [runtime.cudaStreamSynchronize(None) for _ in range(3)] == [11] * 3
assert runtime.cudaDeviceSynchronize() == 12
assert [runtime.cudaEventSynchronize(None) for _ in range(2)] == [13] * 2
assert runtime.cudaMemcpy(None, None, ctypes.c_size_t(5), 1) == 14
for kind in (1, 1, 2, 3):
    assert runtime.cudaMemcpyAsync(None, None, ctypes.c_size_t(1 << 33), kind, None) == 20 + kind
assert runtime.cudaLaunchKernel(None, Dim3(7, 1, 1), Dim3(1, 1, 2), None, ctypes.c_size_t(3),
                                None) == 7203
assert runtime.cudaGraphLaunch(None, None) == 16
PROGRAM

python3 - "$counts" << 'CHECK'
import json
import sys
found = json.load(open(sys.argv[1]))
expected = {"stream_synchronize": 3, "device_synchronize": 1, "event_synchronize": 2,
            "blocking_copies": 1, "kernel_launches": 1, "graph_launches": 1,
            "copies_host_to_device": 3, "bytes_host_to_device": 2 * (1 << 33) + 5,
            "copies_device_to_host": 1, "bytes_device_to_host": 1 << 33,
            "copies_device_to_device": 1, "bytes_device_to_device": 1 << 33}
assert {name: count for name, count in found.items() if count} == expected, found
CHECK
