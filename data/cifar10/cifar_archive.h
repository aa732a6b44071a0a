// Takes CIFAR-10's six binary batches out of cifar-10-binary.tar.gz as it is
// published. Not a tar reader: everything else is skipped or refused.
#ifndef REPRISE_DATA_CIFAR10_CIFAR_ARCHIVE_H_
#define REPRISE_DATA_CIFAR10_CIFAR_ARCHIVE_H_

#include <string>

#include "absl/status/status.h"

namespace reprise {

// Writes the six files, whose names are this reader's and not the archive's, to
// the folder `destination`, which exists. Members beside the batches are
// skipped if they are files or folders directly below cifar-10-batches-bin/;
// links, devices, other paths, a second batch of a name and sizes over 64 MiB
// are refused. Each batch is one that ParseCifarBinary takes. DataError naming
// the archive, the member, expected, found and remedy; StorageError naming what
// cannot be written. Memory: one batch.
absl::Status ExtractCifarArchive(const std::string& archive,
                                 const std::string& destination);

}  // namespace reprise

#endif  // REPRISE_DATA_CIFAR10_CIFAR_ARCHIVE_H_
