# Locales with a decimal comma, odd time zones, temporary folders that are not there, a home
# that cannot be written, memory that is not zero. Expected: the same weights.
source "${0%/*}/trial.sh" "$@"
mnist data/MNIST/raw
base=("${quick[@]}" --dataset-dir=data --results-dir=results)
try "${base[@]}" --save-dir=usual; judge "usual" read_real_data
same() {
  judge "$1" read_real_data
  cmp -s results/usual/weights.safetensors "results/$2/weights.safetensors" && ok "$1: the same weights" || bad "$1: other weights"
}
as=(env LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8); try "${base[@]}" --save-dir=de --lr=0.01; same "a decimal comma" de
as=(env TZ=Nowhere/Land); try "${base[@]}" --save-dir=tz; same "a time zone that is none" tz
as=(env TMPDIR="$PWD/not/there"); try "${base[@]}" --save-dir=tmp; same "no TMPDIR" tmp
as=(env TMPDIR="$PWD/not/there"); try "${base[@]}" --ranks=2 --save-dir=tmp2; if [ $code = 0 ]; then ok "no TMPDIR, two ranks"; else note "no TMPDIR, two ranks: exit $code: $(last)"; fi
as=(env HOME=/proc); try "${base[@]}" --save-dir=home; same "a home that cannot be written" home
as=(env -i PATH=/nowhere); try "${base[@]}" --save-dir=bare; same "an empty environment" bare
as=(env OMP_NUM_THREADS=abc MKL_NUM_THREADS=-3 KMP_AFFINITY=nonsense GOMP_CPU_AFFINITY=99-999); try "${base[@]}" --save-dir=omp; same "nonsense for OpenMP" omp
as=(env COLUMNS=-5 LINES=x TERM=); try "${base[@]}" --save-dir=columns; same "nonsense for the terminal" columns
as=(env MALLOC_PERTURB_=165); try "${base[@]}" --save-dir=perturb; same "memory that is not zero" perturb
