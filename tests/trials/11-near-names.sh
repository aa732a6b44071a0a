# A named folder holds the data set packed, under other names, deeper, or holds nothing; by
# --dataset-dir and by REPRISE_DATASETS. Found: each trained on generated data, exit 0.
source "${0%/*}/trial.sh" "$@"
cifar=(--agent=base --model=resnet "--model-config={'depth': 18, 'width': 8}" --dataset=cifar10 --threads=1 --quick --no-evaluate --results-dir="$top/results")
candle=(--agent=base --model=candlenet --dataset=candle --threads=1 --quick --no-evaluate --results-dir="$top/results")
mkdir empty; learn --dataset-dir=empty
judge "an empty folder" ended 3 "found nothing" "remedy" "without --dataset-dir"
REPRISE_DATASETS=empty learn
judge "an empty folder by REPRISE_DATASETS" ended 3 "found nothing" "without REPRISE_DATASETS"
mkdir other; touch other/{a,b}.txt; learn --dataset-dir=other
judge "a folder of other things" ended 3 "found a.txt, b.txt"
for name in mnist.npz mnist.pkl.gz MNIST.zip mnist_train.csv; do
  rm -rf m; mkdir m; echo x > m/$name; learn --dataset-dir=m
  judge "$name" ended 3 "found $name" "four IDX files"
done
mnist deep/a/b; learn --dataset-dir=deep
judge "two folders deeper" ended 3 "found a/b/t" "name the folder that holds them"
for name in cifar-10-python.tar.gz cifar-10-binary.tar CIFAR-10-matlab.tar.gz data_batch_1.mat cifar-100-python.tar.gz; do
  rm -rf c; mkdir c; echo x > c/$name; try "${cifar[@]}" --dataset-dir=c
  judge "$name" ended 3 "found $name" "remedy"
done
rm -rf c; mkdir -p c/CIFAR10; echo x > c/CIFAR10/cifar-10-python.tar.gz; try "${cifar[@]}" --dataset-dir=c
judge "packed in CIFAR10/" ended 3 "found CIFAR10/cifar-10-python.tar.gz" "tar -xf"
for name in nt_train2.csv.gz nt_train.csv; do
  rm -rf n; mkdir n; echo x > n/$name; try "${candle[@]}" --dataset-dir=n
  judge "$name" ended 3 "found $name" "remedy"
done
try data verify candle --dataset-dir=other
judge "verify candle is not sent to fetch, which refuses" eval 'ended 3 "nt_train2.csv" && ! says "run '"'reprise data fetch candle'"'"'
try data verify --dataset-dir=n
judge "verify without a name sees it, too" ended 3 "found nt_train.csv"
