// CIFAR-10 (Krizhevsky, "Learning Multiple Layers of Features from Tiny
// Images", 2009) as published, in either layout: {data_batch_1 .. data_batch_5,
// test_batch}.bin in cifar-10-batches-bin/, or the same names without .bin,
// pickled, in cifar-10-batches-py/. Of the places <dir>/CIFAR10/ and <dir>/ and
// the two layouts the first is read that has any of its files: CIFAR10 before
// <dir> itself, binary before Python; then files that lie in <dir> without a
// folder of their layout. Any number of records a file, classes 0..9; other
// files beside them are ignored.
#ifndef REPRISE_DATA_CIFAR10_CIFAR10_H_
#define REPRISE_DATA_CIFAR10_CIFAR10_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "data/near_miss.h"

namespace reprise {

// (x / 255 - mean) / stddev on 3x32x32 bytes, with ImageNet's mean .485 .456
// .406 and standard deviation .229 .224 .225, as upstream.
RowFormat Cifar10RowFormat();

// For FindDatasets: what tells that a folder holds CIFAR-10.
std::vector<std::string> Cifar10Entries();

// What tells that CIFAR-10 lies there in a form that ReadCifar10 does not take.
std::vector<Clue> Cifar10Clues();

// `folder` is <dir> above: a folder of data sets, or CIFAR-10's own. The files
// are read on two threads. What `reprise data synthesize` wrote says that it is
// generated. absl::IsNotFound if it holds no CIFAR-10 at all (the caller may
// choose the stand-in); DataError naming the file if some of the files are
// missing or one is not what it should be. Both exit with 3.
absl::StatusOr<DatasetPair> ReadCifar10(const std::string& folder);

}  // namespace reprise

#endif  // REPRISE_DATA_CIFAR10_CIFAR10_H_
