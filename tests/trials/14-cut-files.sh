# Files cut by a full disk, with and without the packed one beside them. Found: the header was
# blamed for the cut, and nothing was said of the whole file beside it.
source "${0%/*}/trial.sh" "$@"
for part in images-idx3 labels-idx1; do
  rm -rf a; mnist a; gzip -k a/*; truncate -s 60% a/train-$part-ubyte
  [ $part = images-idx3 ] && truncate -s 20000 a/train-$part-ubyte || truncate -s 30 a/train-$part-ubyte
  learn --dataset-dir=a
  judge "$part cut, its .gz whole" ended 3 "train-$part-ubyte" "truncated" "so that train-$part-ubyte.gz beside it is read"
  rm a/train-$part-ubyte; learn --dataset-dir=a; judge "the remedy works" read_real_data
done
rm -rf a; mnist a; truncate -s 20000 a/train-images-idx3-ubyte; learn --dataset-dir=a
judge "cut, nothing beside it" eval 'ended 3 truncated "intact copy" && ! says "beside it"'
: > a/train-images-idx3-ubyte; learn --dataset-dir=a; judge "empty" ended 3 "train-images-idx3-ubyte" "end of the content"
rm -rf a; mnist a; gzip a/*; truncate -s 3000 a/train-images-idx3-ubyte.gz; learn --dataset-dir=a
judge "the packed one cut" ended 3 "truncated"
printf '\0\0\10\3\377\377\377\377\0\0\0\34\0\0\0\34' > b; rm -rf a; mnist a; cp b a/train-images-idx3-ubyte; learn --dataset-dir=a
judge "a header that lies" ended 3 "train-images-idx3-ubyte"
