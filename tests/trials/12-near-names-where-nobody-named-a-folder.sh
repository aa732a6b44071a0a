# ./datasets and ~/datasets are looked at unasked. An archive of the data set there is an
# error, other data sets are not: Fashion-MNIST's files have MNIST's names.
source "${0%/*}/trial.sh" "$@"
learn; judge "nothing anywhere: the stand-in, and it says so" ended 0 "GENERATED DATA"
mnist datasets/FashionMNIST/raw; learn
judge "Fashion-MNIST in ./datasets: the stand-in" ended 0 "GENERATED DATA"
echo x > datasets/fashion-mnist.zip; learn
judge "fashion-mnist.zip in ./datasets: the stand-in" ended 0 "GENERATED DATA"
rm -rf datasets; mkdir -p "$HOME/datasets"; echo x > "$HOME/datasets/mnist.zip"; learn
judge "mnist.zip in ~/datasets" ended 3 "found mnist.zip"
mnist datasets/MNIST/raw; learn; judge "but ./datasets has it" read_real_data
mkdir empty; rm "$HOME/datasets/mnist.zip"
REPRISE_DATASETS=empty learn; judge "a named folder without it, ./datasets with it" read_real_data
learn --dataset-dir=empty; judge "--dataset-dir ends the search" ended 3 "found nothing"
