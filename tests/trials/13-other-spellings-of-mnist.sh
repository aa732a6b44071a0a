# The dotted names, packed and not, mixed with the others. Found: generated data, exit 0.
source "${0%/*}/trial.sh" "$@"
rename_all() { for f in "$1"/*-idx*; do mv "$f" "${f/-idx/.idx}"; done; }
mnist a; rename_all a; learn --dataset-dir=a; judge "dotted" read_real_data
mnist b/MNIST/raw; rename_all b/MNIST/raw; gzip b/MNIST/raw/*; learn --dataset-dir=b; judge "dotted and packed, below MNIST/raw" read_real_data
mnist c; mv c/train-images-idx3-ubyte c/train-images.idx3-ubyte; gzip c/t10k*; learn --dataset-dir=c; judge "mixed" read_real_data
mnist d; rename_all d; mnist d; printf 'x' > d/train-images.idx3-ubyte; learn --dataset-dir=d; judge "both: the authors' names are read" read_real_data
mnist e; rename_all e; rm e/t10k-labels.idx1-ubyte; learn --dataset-dir=e; judge "one is missing" ended 3 "t10k-labels-idx1-ubyte"
