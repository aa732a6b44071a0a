#!/bin/bash
# Runs a program as if the processor had less: core/base/processor.h.
#   on_lesser_processors.sh PROGRAM
set -e
for family in baseline avx2 avx512 avx512_bf16; do
  echo "== REPRISE_MAX_CPU_ISA=$family"
  mkdir "$TEST_TMPDIR/$family"
  TEST_TMPDIR=$TEST_TMPDIR/$family REPRISE_MAX_CPU_ISA=$family "$1"
done
