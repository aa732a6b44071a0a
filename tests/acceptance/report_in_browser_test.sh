#!/bin/bash
# report_in_browser_test.sh REPRISE CHECK.py: reports of a run that finishes, of one that fails
# and of a comparison, looked at in Chromium (report_in_browser.py).
set -euo pipefail
reprise=$PWD/$1 check=$PWD/$2
axe=${REPRISE_AXE:?names axe.min.js of axe-core, see docs/REPORTS.md}
command -v chromium > /dev/null || { echo "needs Debian's chromium"; exit 1; }
cd "$TEST_TMPDIR"
train() {
  local name=$1
  shift
  "$reprise" --quick --model=mnistnet --threads=1 --save-dir="$name" \
    --tasksets-config="{'initial_increment': 2, 'increment': 2}" "$@" > "$name.txt" 2>&1
}
for seed in 1 2; do train "nil_$seed" --agent=nil --seed=$seed; done
train icarl --agent=icarl
train scratch --agent=nil --seed=1 --scratch
# Not a number after the first step.
if train failed --agent=nil --lr=1e30; then echo "a run that should fail did not"; exit 1; fi
for run in nil_1 icarl failed; do
  test -s "results/$run/report.html"
  cp "results/$run/report.html" "$run.html"
done
"$reprise" report results/nil_* results/icarl results/scratch results/failed \
  --output=compared.html
python3 "$check" nil_1.html icarl.html failed.html compared.html --axe "$axe" \
  ${TEST_UNDECLARED_OUTPUTS_DIR:+--pictures "$TEST_UNDECLARED_OUTPUTS_DIR"}
