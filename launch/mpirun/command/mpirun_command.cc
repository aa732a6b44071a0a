#include "launch/mpirun/command/mpirun_command.h"

#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "launch/process/launcher_message.h"
#include "launch/process/subprocess.h"
#include "re2/re2.h"

namespace reprise {
namespace {

// A socket's path is limited to 107 bytes; the job's own folder takes 15 and
// Open MPI appends about 40.
constexpr size_t kLongestTmpdir = 45;

std::string RealPath(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) == nullptr ? "" : resolved;
}

// Where the links from `path` lead, but no further than to a bin/mpirun: 4.1's
// is a link to orterun, which calls itself by the name that it is started by,
// in its version and in its reports. Empty if there is none.
std::string FollowToMpirun(std::string path) {
  namespace fs = std::filesystem;
  std::string found;
  for (int links = 0; links < 40; ++links) {
    const size_t slash = path.rfind('/');
    const std::string folder = RealPath(path.substr(0, slash));
    path = folder + path.substr(slash);
    if (absl::EndsWith(path, "/bin/mpirun")) found = path;
    std::error_code error;
    const fs::path target = fs::read_symlink(path, error);
    if (error) break;
    path = (fs::path(folder) / target).string();
  }
  return access(found.c_str(), X_OK) == 0 ? found : "";
}

const std::vector<MpirunRelease>& Releases() {
  static const std::vector<MpirunRelease>& releases =
      *new std::vector<MpirunRelease>{
          {{4, 1},
           {"--allow-run-as-root", "--oversubscribe", "--bind-to", "none"},
           "--prefix",
           "vader",
           "^hcoll",
           {"--mca", "oob_tcp_if_exclude"},
           {"--mca", "ras", "^slurm,tm,lsf,gridengine,loadleveler,alps"}},
          // 5.0 starts by PRRTE, which calls --oversubscribe a part of
          // --map-by.
          {{5, 0},
           {"--allow-run-as-root", "--map-by", ":OVERSUBSCRIBE", "--bind-to",
            "none"},
           "--prefix",
           "sm",
           "^hcoll,ucc",
           {"--prtemca", "prte_if_exclude"},
           {"--prtemca", "ras", "^slurm,pbs,lsf,gridengine,flux"}},
      };
  return releases;
}

}  // namespace

absl::StatusOr<Mpirun> FindMpirun(const std::string& program) {
  std::vector<std::string> roots = {
      program + ".runfiles", GetEnv("RUNFILES_DIR"), GetEnv("TEST_SRCDIR")};
  const size_t inside = program.rfind(".runfiles/");
  if (inside != std::string::npos) {
    roots.push_back(program.substr(0, inside) + ".runfiles");
  }
  for (const std::string& root : roots) {
    if (root.empty()) continue;
    const std::string path = FollowToMpirun(root + "/mpi/bin/mpirun");
    if (path.empty()) continue;
    Mpirun mpirun;
    mpirun.path = path;
    // Written by the build: says whether LD_LIBRARY_PATH must lead the way.
    REPRISE_ASSIGN_OR_RETURN(const std::string says,
                             ReadWholeFile(RealPath(root + "/mpi/prefix.sh")));
    if (absl::StrContains(says, "MPI_IS_RELOCATED=1")) {
      const std::string prefix = path.substr(0, path.rfind("/bin/"));
      mpirun.library_path =
          absl::StrCat(prefix, "/lib:", prefix, "/lib/openmpi");
    }
    return mpirun;
  }
  for (const absl::string_view folder :
       absl::StrSplit(GetEnv("PATH"), ':', absl::SkipEmpty())) {
    const std::string path = absl::StrCat(folder, "/mpirun");
    if (access(path.c_str(), X_OK) == 0) return Mpirun{path, ""};
  }
  return DistributedError(absl::StrCat(
      "found no mpirun: ", program,
      ".runfiles has none, and there is none on $PATH; start the program by "
      "\"bazel run\" or install Open MPI 5.0 or 4.1"));
}

absl::StatusOr<MpirunVersion> ParseMpirunVersion(absl::string_view text) {
  static const RE2& pattern = *new RE2(R"(\(Open MPI\) (\d+)\.(\d+))");
  MpirunVersion version;
  if (!RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern,
                         &version.major, &version.minor)) {
    return DistributedError(
        absl::StrCat("expected mpirun to name a version of Open MPI, found '",
                     text.substr(0, text.find('\n')), "'"));
  }
  return version;
}

absl::StatusOr<MpirunVersion> AskMpirunVersion(const Mpirun& mpirun) {
  REPRISE_ASSIGN_OR_RETURN(const FinishedProcess finished,
                           RunToEnd({mpirun.path, "--version"}));
  auto version = ParseMpirunVersion(finished.out + finished.err);
  if (!version.ok()) return Annotate(version.status(), mpirun.path);
  return version;
}

absl::StatusOr<MpirunRelease> FindRelease(absl::string_view mpirun,
                                          const MpirunVersion& version) {
  for (const MpirunRelease& release : Releases()) {
    if (release.version.major == version.major &&
        release.version.minor == version.minor) {
      return release;
    }
  }
  return DistributedError(absl::StrCat(
      mpirun, " is Open MPI ", version.major, ".", version.minor,
      "; known are ",
      absl::StrJoin(Releases(), " and ",
                    [](std::string* out, const MpirunRelease& release) {
                      absl::StrAppend(out, release.version.major, ".",
                                      release.version.minor);
                    })));
}

absl::StatusOr<std::vector<std::string>> MpirunArguments(
    const Mpirun& mpirun, const MpirunVersion& version,
    const RankCommand& command) {
  REPRISE_ASSIGN_OR_RETURN(const MpirunRelease release,
                           FindRelease(mpirun.path, version));
  std::vector<std::string> arguments = {mpirun.path};
  arguments.insert(arguments.end(), release.placement.begin(),
                   release.placement.end());
  arguments.insert(arguments.end(), command.options.begin(),
                   command.options.end());
  arguments.insert(arguments.end(), {"-np", absl::StrCat(command.ranks)});
  if (command.hosts.empty()) {
    arguments.insert(arguments.end(), release.this_host.begin(),
                     release.this_host.end());
  } else {
    arguments.insert(arguments.end(), {"--host", command.hosts});
    if (!mpirun.library_path.empty()) {
      arguments.insert(arguments.end(),
                       {release.prefix_option,
                        mpirun.path.substr(0, mpirun.path.rfind("/bin/"))});
    }
  }
  for (const std::string& variable : command.variables) {
    arguments.insert(arguments.end(), {"-x", variable});
  }
  arguments.push_back(command.program);
  std::string packed;
  for (const std::string& argument : command.arguments) {
    if (absl::StrContains(argument, kArgumentStart)) {
      return UsageError("an argument holds the control character 0x1f");
    }
    absl::StrAppend(&packed, std::string(1, kArgumentStart), argument);
  }
  if (!packed.empty()) arguments.push_back(packed);
  return arguments;
}

std::vector<std::string> ForwardedVariables(const char* const* environment) {
  std::vector<std::string> names;
  for (; *environment != nullptr; ++environment) {
    const absl::string_view text = *environment;
    const absl::string_view name = text.substr(0, text.find('='));
    if (name == "CUDA_VISIBLE_DEVICES") continue;
    bool forwarded =
        name == "BUILD_WORKING_DIRECTORY" || name == "LD_LIBRARY_PATH";
    // Those of rank 0's InfluxDB; mpirun is told their names only.
    for (const char* secret_or_certificate :
         {"INFLUX_TOKEN", "INFLUX_PASSWORD", "SSL_CERT_FILE",
          "CURL_CA_BUNDLE"}) {
      forwarded = forwarded || name == secret_or_certificate;
    }
    for (const char* library :
         {"REPRISE_", "OMP_", "GOMP_", "NCCL_", "UCX_", "NVIDIA_", "CUDA_",
          "CUBLAS_", "CUBLASLT_", "CUDNN_", "PYTORCH_", "TORCH_", "ATEN_",
          "ONEDNN_", "DNNL_", "MKL_"}) {
      forwarded = forwarded || absl::StartsWith(name, library);
    }
    if (forwarded) names.emplace_back(name);
  }
  return names;
}

std::vector<std::pair<std::string, std::string>> MpirunEnvironment(
    const Mpirun& mpirun) {
  std::vector<std::pair<std::string, std::string>> variables = {
      {"OMPI_ALLOW_RUN_AS_ROOT", "1"}, {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"}};
  if (!mpirun.library_path.empty()) {
    const std::string before = GetEnv("LD_LIBRARY_PATH");
    variables.emplace_back(
        "LD_LIBRARY_PATH",
        before.empty() ? mpirun.library_path
                       : absl::StrCat(mpirun.library_path, ":", before));
  }
  if (GetEnv("TMPDIR").size() > kLongestTmpdir) {
    variables.emplace_back("TMPDIR", "/tmp");
  }
  // Without one mpirun does not even tell its version.
  if (GetEnv("HOME").empty()) variables.emplace_back("HOME", "/tmp");
  return variables;
}

}  // namespace reprise
