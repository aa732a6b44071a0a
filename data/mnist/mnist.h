// MNIST from its four IDX files (LeCun, Cortes, Burges):
// {train,t10k}-images-idx3-ubyte[.gz] and {train,t10k}-labels-idx1-ubyte[.gz]
// in the first of <dir>/MNIST/raw/, <dir>/MNIST/, <dir>/raw/ and <dir>/ that
// has any of them; also as train-images.idx3-ubyte, as some programs unpack
// them. Of a file that is there both ways the uncompressed one is read. Any
// number of 28x28 samples a split, classes 0..9.
#ifndef REPRISE_DATA_MNIST_MNIST_H_
#define REPRISE_DATA_MNIST_MNIST_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "data/near_miss.h"

namespace reprise {

// (x / 255 - 0.5) / 0.5 on 28x28 bytes.
RowFormat MnistRowFormat();

// For FindDatasets: what tells that a folder holds MNIST.
std::vector<std::string> MnistEntries();

// What tells that MNIST lies there in a form that ReadMnist does not take.
std::vector<Clue> MnistClues();

// `folder` is <dir> above: a folder of data sets, or MNIST's own. Both splits
// are read at the same time. What `reprise data synthesize` wrote says that it
// is generated. absl::IsNotFound if it holds no MNIST at all (the caller may
// choose the stand-in); DataError naming the file if some of the files are
// missing or one is not what it should be. Both exit with 3.
absl::StatusOr<DatasetPair> ReadMnist(const std::string& folder);

}  // namespace reprise

#endif  // REPRISE_DATA_MNIST_MNIST_H_
