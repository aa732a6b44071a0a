// A reader of the one pickle that CIFAR-10's Python layout consists of. Not an
// unpickler: it executes nothing, imports nothing, and knows no other value.
//
// The shape: a dict with the keys labels (a list of n integers 0 to 9), data (a
// numpy array of uint8, C order, [n, 3072]) and, ignored, batch_label (a
// string) and filenames (a list of n strings); the last two may be absent. It
// may have been written by Python 2 (the published files: cPickle, protocol 2)
// or 3 (protocols 2 to 4), by numpy 1 or 2, with keys of text or of bytes.
//
// Opcodes beyond those that pickle writes for this shape are refused, and so is
// every global but numpy's _reconstruct, ndarray and dtype and _codecs.encode
// (how Python 3 writes bytes in protocol 2). These four are recognised with
// exactly the arguments that numpy gives them; none is called.
#ifndef REPRISE_DATA_CIFAR10_CIFAR_PICKLE_H_
#define REPRISE_DATA_CIFAR10_CIFAR_PICKLE_H_

#include <string>

#include "absl/status/statusor.h"
#include "data/cifar10/cifar_batch.h"

namespace reprise {

// `content` is that of the file `path`, which only messages use. Beyond
// `content`, at most 1 MiB is allocated. DataError naming file, offset, opcode
// or key, expected, found and remedy.
absl::StatusOr<CifarBatch> ParseCifarPickle(std::string content,
                                            const std::string& path);

}  // namespace reprise

#endif  // REPRISE_DATA_CIFAR10_CIFAR_PICKLE_H_
