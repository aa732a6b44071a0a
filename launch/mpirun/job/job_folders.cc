#include "launch/mpirun/job/job_folders.h"

#include <stdlib.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/base/environment.h"

namespace reprise {

JobFolders::JobFolders(bool shared_memory) {
  const std::string base = GetEnv("TMPDIR");
  const std::string temporary = Make(base.empty() ? "/tmp" : base);
  if (!temporary.empty()) setenv("TMPDIR", temporary.c_str(), 1);
  if (!shared_memory) return;
  const std::string memory = Make("/dev/shm");
  if (memory.empty()) return;
  // One per release; what a site has set holds.
  setenv("OMPI_MCA_btl_sm_backing_directory", memory.c_str(), 0);
  setenv("OMPI_MCA_btl_vader_backing_directory", memory.c_str(), 0);
}

JobFolders::~JobFolders() {
  std::error_code ignored;
  for (const std::string& path : paths_) {
    std::filesystem::remove_all(path, ignored);
  }
}

std::string JobFolders::Make(absl::string_view base) {
  std::string path = absl::StrCat(base, "/reprise.XXXXXX");
  if (mkdtemp(path.data()) == nullptr) return "";
  paths_.push_back(path);
  return path;
}

}  // namespace reprise
