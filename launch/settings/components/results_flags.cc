#include <filesystem>

#include "core/base/environment.h"
#include "core/base/file.h"
#include "launch/settings/components/component.h"

namespace reprise {
namespace {

void CheckResults(ResolvedSettings& resolved) {
  const ResultsSettings& results = resolved.spec.results;
  if (results.results_dir.empty()) {
    resolved.AddProblem("--results-dir: expected a folder, found ''");
  }
  const std::filesystem::path within =
      std::filesystem::path(results.save_dir).lexically_normal();
  if (!within.empty() && *within.begin() == "..") {
    resolved.AddProblem(
        "--save-dir: expected a folder within --results-dir, found '",
        results.save_dir, "'; name another parent by --results-dir");
  }
}

void CheckConfiguration(ResolvedSettings& resolved) {
  const std::string& file = resolved.spec.configuration.file;
  if (resolved.file_in_use && resolved.spec.ranks.count > 1 &&
      !resolved.job_ranks.has_value() && IsReadOnce(ResolveUserPath(file))) {
    resolved.AddProblem(
        "--yaml-config: ", file, " can be read once only, and each of ",
        resolved.spec.ranks.count, " ranks reads it; put it into a file");
  }
}

constexpr char kHeading[] = "Results and configuration";

}  // namespace

Component ResultsFlags() {
  const Bind<ResultsSettings> results(&ExperimentSpec::results);
  using R = ResultsSettings;
  return {
      kHeading,
      {
          results.Path("results-dir", &R::results_dir, "DIR",
                       "folder of the results of all runs"),
          results("save-dir", &R::save_dir, "NAME",
                  "folder in it, or an absolute path; without it the time "
                  "of the start"),
          results("log-interval", &R::log_interval, "STEPS", "between reports")
              .From(1),
          results("tensorboard", &R::tensorboard,
                  "event files too, for `tensorboard --logdir DIR`: scalars, "
                  "matrices, settings (docs/MONITORING.md)"),
          results
              .Path("timeline", &R::timeline, "FILE",
                    "Chrome trace of what all ranks did when "
                    "(computation, collectives, rehearsal), for "
                    "chrome://tracing or Perfetto")
              .Behind("bucket-bytes"),
      },
      nullptr,
      CheckResults};
}

Component ConfigurationFlags() {
  const Bind<ConfigurationSettings> configuration(
      &ExperimentSpec::configuration);
  using C = ConfigurationSettings;
  return {kHeading,
          {
              configuration
                  .Path("yaml-config", &C::file, "FILE",
                        "YAML file of named sections of flags; read if it is "
                        "there; empty: none")
                  .NotInFiles(),
              configuration("config", &C::section, "SECTION", "of that file")
                  .NotInFiles(),
              configuration("print-config", &C::print_config,
                            "print each value and where it came from, run "
                            "nothing")
                  .NotInFiles()
                  .NotRecorded(),
              configuration("resolved", &C::resolved,
                            "for programs: the other flags are all of a run's, "
                            "as `reprise sweep` writes them; no file and no "
                            "preset adds to them, none follows from another")
                  .NotNegatable()
                  .NotInFiles()
                  .NotRecorded(),
              configuration("help", &C::help, "this text")
                  .NotNegatable()
                  .NotInFiles()
                  .NotRecorded(),
          },
          nullptr,
          CheckConfiguration};
}

Component UnbuiltFlags() {
  return {"Not built yet",
          {
              UnbuiltSetting("checkpoint", "", "where checkpoints go"),
              UnbuiltSetting("checkpoint-every", "", "the time between them"),
              UnbuiltBool("deterministic", "the same numbers on GPUs"),
              UnbuiltSetting("on-nonfinite", "stop",
                             "what to do about a step that is not finite",
                             {"stop", "skip", "warn"}),
              UnbuiltSetting("resume", "", "from a checkpoint"),
              UnbuiltBool("tensorwatch", "upstream's"),
              UnbuiltSetting("tensorwatch-port", "0", "upstream's"),
          }};
}

}  // namespace reprise
