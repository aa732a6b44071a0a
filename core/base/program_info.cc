#include "core/base/program_info.h"

#include <link.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "xxhash.h"

namespace reprise {

std::string BuildFlags() {
  std::string flags =
#ifdef __clang__
      absl::StrCat("clang ", __clang_version__);
#else
      absl::StrCat("gcc ", __VERSION__);
#endif
#ifdef __OPTIMIZE__
  absl::StrAppend(&flags, ", optimised");
#endif
#ifdef __FAST_MATH__
  absl::StrAppend(&flags, ", fast-math");
#endif
#ifdef __SANITIZE_ADDRESS__
  absl::StrAppend(&flags, ", AddressSanitizer");
#endif
  return flags;
}

std::string ProgramPath() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  return length < 0 ? "" : std::string(path, length);
}

std::vector<std::string> LoadedLibraries() {
  std::vector<std::string> paths;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        if (info->dlpi_name[0] == '/') {
          static_cast<std::vector<std::string>*>(data)->push_back(
              info->dlpi_name);
        }
        return 0;
      },
      &paths);
  return paths;
}

absl::StatusOr<std::string> ProgramDigest() {
  REPRISE_ASSIGN_OR_RETURN(const InputFile file,
                           InputFile::Open(ProgramPath()));
  std::string content(file.size(), '\0');
  REPRISE_RETURN_IF_ERROR(file.ReadAt(0, file.size(), content.data()));
  return absl::StrFormat("xxh64:%016x",
                         XXH64(content.data(), content.size(), /*seed=*/0));
}

std::string CheckedOutCommit() {
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (workspace == nullptr) return "unknown";
  const std::string git = absl::StrCat(workspace, "/.git/");
  absl::StatusOr<std::string> head = ReadWholeFile(git + "HEAD");
  if (!head.ok()) return "unknown";
  absl::string_view commit = absl::StripAsciiWhitespace(*head);
  if (!absl::ConsumePrefix(&commit, "ref: ")) return std::string(commit);
  const std::string ref(commit);
  const absl::StatusOr<std::string> loose = ReadWholeFile(git + ref);
  if (loose.ok()) return std::string(absl::StripAsciiWhitespace(*loose));
  const absl::StatusOr<std::string> packed = ReadWholeFile(git + "packed-refs");
  if (!packed.ok()) return "unknown";
  for (const absl::string_view line : absl::StrSplit(*packed, '\n')) {
    absl::string_view id = line;
    if (absl::ConsumeSuffix(&id, " " + ref)) return std::string(id);
  }
  return "unknown";
}

}  // namespace reprise
