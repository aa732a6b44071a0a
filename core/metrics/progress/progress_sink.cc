#include "core/metrics/progress/progress_sink.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/status.h"
#include "core/metrics/accuracy/accuracy_matrix.h"
#include "core/metrics/accuracy/matrix_table.h"
#include "core/metrics/meters.h"
#include "core/metrics/record_fields.h"

namespace reprise {
namespace {

constexpr absl::Duration kRedrawInterval = absl::Milliseconds(100);
constexpr absl::string_view kEraseLine = "\r\033[K";

// Guards the screen: the log clears the live line from any thread.
std::mutex screen_mutex;
int live_line_fd = -1;  // where a live line stands; -1: none

// Never logs: it is called from within the log.
void EraseLiveLine() {
  std::lock_guard<std::mutex> lock(screen_mutex);
  if (live_line_fd < 0) return;
  // A terminal that went away shows no line either.
  (void)WriteFully(live_line_fd, kEraseLine, "terminal");
  live_line_fd = -1;
}

std::string Plural(int64_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

// "45 s", "2:05", "1:02:05".
std::string ClockTime(double seconds) {
  const int64_t whole = std::llround(seconds);
  if (whole < 60) return absl::StrCat(whole, " s");
  if (whole < 3600) return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
  return absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60,
                         whole % 60);
}

std::string Rate(const std::optional<double>& images_per_second) {
  return images_per_second.has_value()
             ? absl::StrFormat("%.0f img/s", *images_per_second)
             : "- img/s";
}

class ProgressSink final : public MetricSink {
 public:
  explicit ProgressSink(const ProgressOptions& options) : options_(options) {
    if (options_.live) SetBeforeLogLine(&EraseLiveLine);
  }

  ~ProgressSink() override {
    if (!options_.live) return;
    SetBeforeLogLine(nullptr);
    EraseLiveLine();
  }

  absl::Status OnRunStart(const RunStart& run) override {
    run_ = run;
    heads_ = HeadMatrices(run.num_tasks);
    started_ = options_.now();
    std::string text = GeneratedDataLine();
    absl::StrAppend(&text, Bold(run.experiment), ": agent ", run.agent,
                    ", model ", run.model, ", data ", run.dataset, ", ",
                    Plural(run.num_tasks, "task"), " of ",
                    Plural(run.epochs_per_task, "epoch"), ", ",
                    Plural(run.world_size, "rank"), ", seed ", run.seed, "\n");
    return Print(text);
  }

  absl::Status OnStep(const StepRecord& step) override {
    REPRISE_RETURN_IF_ERROR(PrintEvaluation());
    if (!options_.live) return absl::OkStatus();
    const absl::Time now = options_.now();
    if (now - drawn_ < kRedrawInterval) return absl::OkStatus();
    drawn_ = now;
    std::vector<std::string> parts = {
        absl::StrCat("task ", step.task + 1, "/", run_.num_tasks),
        absl::StrCat("epoch ", step.epoch + 1, "/", run_.epochs_per_task),
        absl::StrCat("step ", step.step + 1, "/", step.steps_in_epoch),
        Rate(step.images_per_second),
        absl::StrFormat("loss %.4f", step.loss_so_far),
        absl::StrFormat("accuracy %.4f", step.accuracy_so_far)};
    if (step.run_fraction > 0) {
      const double left = absl::ToDoubleSeconds(now - started_) *
                          (1 - step.run_fraction) / step.run_fraction;
      parts.push_back(ClockTime(left) + " left");
    }
    return Draw(parts);
  }

  absl::Status OnTrainEpoch(const TrainEpochRecord& epoch) override {
    REPRISE_RETURN_IF_ERROR(PrintEvaluation());
    if (options_.live) return absl::OkStatus();
    ThroughputMeter throughput;
    throughput.Add(epoch.incoming_samples, epoch.seconds);
    return Print(absl::StrFormat(
        "task %d/%d epoch %d/%d: train loss %.4f top1 %.4f top5 %.4f, %d steps "
        "in %.1f s, %s, lr %g\n",
        epoch.task + 1, run_.num_tasks, epoch.epoch + 1, run_.epochs_per_task,
        epoch.loss, epoch.top1, epoch.top5, epoch.steps, epoch.seconds,
        Rate(throughput.ImagesPerSecond()), epoch.learning_rate));
  }

  absl::Status OnTest(const TestRecord& test) override {
    if (!evaluation_.empty() && (evaluation_.front().task != test.task ||
                                 evaluation_.front().epoch != test.epoch)) {
      REPRISE_RETURN_IF_ERROR(PrintEvaluation());
    }
    evaluation_.push_back(test);
    heads_.Add(test);
    return absl::OkStatus();
  }

  absl::Status OnTaskEnd(const TaskRecord& task) override {
    std::string text = absl::StrFormat("task %d/%d done in %s", task.task + 1,
                                       run_.num_tasks, ClockTime(task.seconds));
    for (const HeadMatrices::Head& head : heads_.heads()) {
      absl::StrAppend(&text, ", ", head.name, " top1 ",
                      AccuracyText(head.matrix.SampleMean(task.task)));
    }
    REPRISE_RETURN_IF_ERROR(PrintEvaluation());
    return Print(text + "\n");
  }

  absl::Status OnRunEnd(const RunEnd& run) override {
    REPRISE_RETURN_IF_ERROR(PrintEvaluation());
    std::string text;
    for (const HeadMatrices::Head& head : heads_.heads())
      AppendHead(head, &text);
    if (heads_.heads().empty()) {
      absl::StrAppend(&text, "\nno evaluation, so no accuracy matrix\n");
    }
    absl::StrAppend(&text, "\n", Bold("time by phase"), ", rank 0\n");
    ForEachPhase(run.phase_seconds, [&](const char* phase, double seconds) {
      absl::StrAppendFormat(&text, "  %-15s %9.1f s %5.1f %%\n", phase, seconds,
                            run.seconds > 0 ? 100 * seconds / run.seconds : 0);
    });
    absl::StrAppendFormat(&text, "  %-15s %9.1f s\n", "total", run.seconds);
    if (run.world_size > 1) {
      absl::StrAppendFormat(
          &text, "  of the gradients' reduction backward hid %.1f %%\n",
          100 * run.overlap_share);
    }
    absl::StrAppendFormat(&text, "\nresults: %s\n", run_.results_folder);
    return Print(text + GeneratedDataLine());
  }

 private:
  std::string Bold(absl::string_view text) const {
    return options_.color ? absl::StrCat("\033[1m", text, "\033[0m")
                          : std::string(text);
  }

  std::string GeneratedDataLine() const {
    if (!run_.generated_data) return "";
    const std::string line = absl::StrCat(
        "*** GENERATED DATA: this run does not use the real ", run_.dataset,
        " data set; its accuracies say nothing about it ***");
    return options_.color ? absl::StrCat("\033[1;31m", line, "\033[0m\n")
                          : line + "\n";
  }

  // Lasting text; whole lines.
  absl::Status Print(absl::string_view text) {
    std::lock_guard<std::mutex> lock(screen_mutex);
    const bool erase = live_line_fd == options_.fd;
    if (erase) live_line_fd = -1;
    drawn_ = absl::InfinitePast();
    return WriteFully(options_.fd, absl::StrCat(erase ? kEraseLine : "", text),
                      "terminal");
  }

  // The live line: as many of `parts` as fit beside the cursor.
  absl::Status Draw(const std::vector<std::string>& parts) {
    std::string line;
    for (const std::string& part : parts) {
      const size_t needed = line.size() + (line.empty() ? 0 : 2) + part.size();
      if (options_.width > 0 && needed >= static_cast<size_t>(options_.width)) {
        break;
      }
      absl::StrAppend(&line, line.empty() ? "" : "  ", part);
    }
    std::lock_guard<std::mutex> lock(screen_mutex);
    live_line_fd = options_.fd;
    return WriteFully(options_.fd, absl::StrCat(kEraseLine, line), "terminal");
  }

  // The evaluation whose tests have come in: one line, elsewhere than on a
  // terminal.
  absl::Status PrintEvaluation() {
    if (evaluation_.empty()) return absl::OkStatus();
    std::string text = absl::StrFormat(
        "task %d/%d epoch %d/%d: test", evaluation_.front().task + 1,
        run_.num_tasks, evaluation_.front().epoch, run_.epochs_per_task);
    std::vector<std::string> names;
    for (const TestRecord& test : evaluation_) {
      if (std::find(names.begin(), names.end(), test.head) == names.end()) {
        names.push_back(test.head);
      }
    }
    for (const std::string& name : names) {
      absl::StrAppend(&text, name == names.front() ? " " : "; ", name, " top1");
      for (const TestRecord& test : evaluation_) {
        if (test.head == name)
          absl::StrAppend(&text, " ", AccuracyText(test.top1));
      }
    }
    evaluation_.clear();
    return options_.live ? absl::OkStatus() : Print(text + "\n");
  }

  void AppendHead(const HeadMatrices::Head& head, std::string* text) const {
    absl::StrAppend(text, "\n",
                    Bold(absl::StrCat("top1 accuracy, ", head.name)),
                    head.primary ? " (primary head)" : "", "\n",
                    MatrixTable(head.matrix, options_.width));
  }

  const ProgressOptions options_;
  RunStart run_;
  HeadMatrices heads_{1};
  std::vector<TestRecord>
      evaluation_;  // of one task and epoch, not printed yet
  absl::Time started_;
  absl::Time drawn_ = absl::InfinitePast();
};

}  // namespace

ProgressOptions DetectTerminal(int fd) {
  ProgressOptions options;
  options.fd = fd;
  const char* term = std::getenv("TERM");
  options.live = isatty(fd) == 1 && term != nullptr &&
                 absl::string_view(term) != "dumb" && *term != '\0';
  const char* no_color = std::getenv("NO_COLOR");
  options.color = options.live && (no_color == nullptr || *no_color == '\0');
  const char* columns = std::getenv("COLUMNS");
  struct winsize size;
  if (columns == nullptr || !absl::SimpleAtoi(columns, &options.width) ||
      options.width < 0) {
    options.width =
        isatty(fd) == 1 && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
  }
  return options;
}

std::unique_ptr<MetricSink> MakeProgressSink(const ProgressOptions& options) {
  return std::make_unique<ProgressSink>(options);
}

}  // namespace reprise
