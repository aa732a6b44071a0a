# stdout on a full device, a reader that leaves, a terminal of the kind dumb, NO_COLOR.
# Expected: results as usual, at most a warning.
source "${0%/*}/trial.sh" "$@"
mnist data/MNIST/raw
base=("${quick[@]}" --dataset-dir=data --results-dir=results)
for ranks in 1 2; do
  timeout 100 nice "$program" "${base[@]}" --ranks=$ranks --save-dir=full$ranks > /dev/full 2> err < /dev/null; code=$? output=$(cat err)
  judge "> /dev/full, $ranks rank(s)" [ $code = 0 ]
  [ -s results/full$ranks/weights.safetensors ] && ok "weights, $ranks rank(s)" || bad "no weights, $ranks rank(s)"
done
timeout 100 nice "$program" "${base[@]}" --save-dir=head 2> /dev/null < /dev/null | head -n 1 > /dev/null
[ -s results/head/weights.safetensors ] && ok "| head: weights" || bad "| head: no weights"
if command -v script > /dev/null; then
  for terminal in dumb xterm-256color; do
    TERM=$terminal timeout 100 script -qec "'$program' ${quick[*]} --dataset-dir=data --results-dir=results" typescript > /dev/null 2>&1 < /dev/null
    escapes=$(grep -ac $'\x1b\[[0-9;]*m' typescript); live=$(grep -ac $'\x1b\[' typescript)
    if [ $terminal = dumb ]; then [ "$escapes" = 0 ] && ok "TERM=dumb: no colours" || bad "TERM=dumb: $escapes lines with colours"
    else [ "$live" -gt 0 ] && ok "TERM=$terminal: a live line" || note "TERM=$terminal: no live line"; fi
  done
  NO_COLOR=1 TERM=xterm timeout 100 script -qec "'$program' ${quick[*]} --dataset-dir=data --results-dir=results" typescript > /dev/null 2>&1 < /dev/null
  grep -aq $'\x1b\[[0-9;]*m' typescript && bad "NO_COLOR: colours" || ok "NO_COLOR: none"
  mpirun=$(readlink -f "$program.runfiles/mpi/bin/mpirun")
  if [ -x "$mpirun" ]; then
    # On a real terminal, but behind an mpirun of the user's: plain, since mpirun's terminal says nothing.
    env LD_LIBRARY_PATH="${mpirun%/bin/mpirun}/lib:${mpirun%/bin/mpirun}/lib/openmpi" OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 TERM=xterm \
      timeout 100 script -qec "$mpirun --map-by :OVERSUBSCRIBE -np 1 '$program' ${quick[*]} --dataset-dir=data --results-dir=results" typescript > /dev/null 2>&1 < /dev/null
    grep -aq $'\x1b\[' typescript && bad "behind mpirun: escapes" || ok "behind mpirun: plain lines"
  else note "no mpirun beside the program"; fi
else note "skipped: no script(1)"; fi
