// What this program is, for run.json and for the agreement of ranks.
#ifndef REPRISE_CORE_BASE_PROGRAM_INFO_H_
#define REPRISE_CORE_BASE_PROGRAM_INFO_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace reprise {

inline constexpr char kVersion[] = "0.1.0";

// Compiler and what of its options changes results.
std::string BuildFlags();

// Of this program's file; empty if /proc cannot tell.
std::string ProgramPath();

// The shared libraries that this process has loaded, as the loader names them:
// absolute paths, links and ".." included.
std::vector<std::string> LoadedLibraries();

// "xxh64:" and 16 hex digits over this program's file: ranks with different
// builds differ in it.
absl::StatusOr<std::string> ProgramDigest();

// The commit that is checked out where the program was started by `bazel run`;
// "unknown" elsewhere. The program may have been built from another: its digest
// is what identifies it.
std::string CheckedOutCommit();

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_PROGRAM_INFO_H_
