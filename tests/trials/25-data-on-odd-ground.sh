# Data sets without rights, in files that are folders or devices, that change meanwhile, by a
# named pipe. Expected: exit 3 that names it; never a hang, never generated data.
source "${0%/*}/trial.sh" "$@"
fresh() { rm -rf d; mnist d; }
fresh; rm d/train-images-idx3-ubyte; mkdir d/train-images-idx3-ubyte; learn --dataset-dir=d; judge "a folder for a file" ended 3 "folder"
fresh; rm d/train-images-idx3-ubyte; mkfifo d/train-images-idx3-ubyte; learn --dataset-dir=d; judge "a pipe" ended 3 "pipe"
fresh; rm d/train-images-idx3-ubyte; ln -s /dev/zero d/train-images-idx3-ubyte; learn --dataset-dir=d; judge "a device" ended 3 "device"
fresh; rm d/train-images-idx3-ubyte; ln -s train-images-idx3-ubyte d/train-images-idx3-ubyte; learn --dataset-dir=d; judge "a link to itself" ended 3 "train-images-idx3-ubyte"
fresh; chmod 0 d/train-images-idx3-ubyte; chmod 755 "$top" . d
output=$(nobody timeout 100 "$program" "${quick[@]}" --dataset-dir="$PWD/d" --results-dir=/tmp 2>&1 < /dev/null); code=$?
unreachable && note "nobody cannot start the program here" || judge "no right to read a file" ended 3 "Permission denied"
fresh; chmod 0 d
output=$(nobody timeout 100 "$program" "${quick[@]}" --dataset-dir="$PWD/d" --results-dir=/tmp 2>&1 < /dev/null); code=$?
unreachable && note "nobody cannot start the program here" || judge "no right to read the folder" ended 3 "Permission denied"
chmod 755 d; learn --dataset-dir=/dev; judge "/dev for a folder" ended 3 "/dev: expected"
learn --dataset-dir=/proc/self; judge "/proc/self for a folder" ended 3 "/proc/self: expected"
