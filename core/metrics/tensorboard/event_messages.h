// TensorBoard's Event and Summary messages, and those of its hparams plugin.
// The numbers of their fields are from TensorBoard 2.21's
//   tensorboard/compat/proto/{event,summary,tensor,tensor_shape,types}.proto,
//   tensorboard/plugins/hparams/{api,plugin_data}.proto and
//   google/protobuf/struct.proto,
// where they cannot change: files would not be read any more.
//
// Text that is not UTF-8 has U+FFFD in place of what is not: TensorBoard
// rejects a message with such a string as a whole.
#ifndef REPRISE_CORE_METRICS_TENSORBOARD_EVENT_MESSAGES_H_
#define REPRISE_CORE_METRICS_TENSORBOARD_EVENT_MESSAGES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/metrics/picture/picture.h"
#include "core/metrics/tensorboard/wire_message.h"

namespace reprise {

// What one event says: values by tag. "/" in a tag groups by what is before it.
class SummaryMessage {
 public:
  // fp32, as TensorBoard stores it. A `meaning` is shown beside the chart; the
  // first value of a tag that a reader meets gives it.
  void AddScalar(absl::string_view tag, double value,
                 absl::string_view meaning);
  void AddImage(absl::string_view tag, const Picture& picture);
  // Markdown.
  void AddText(absl::string_view tag, absl::string_view markdown);
  // `content`: of ExperimentContent and its like.
  void AddHparams(absl::string_view tag, const WireMessage& content);

  bool empty() const { return message_.bytes().empty(); }
  const WireMessage& message() const { return message_; }

 private:
  WireMessage message_;
};

// The first event of a file. `unix_seconds`: wall clock since 1970-01-01 UTC,
// here and below.
std::string VersionEvent(double unix_seconds);

std::string SummaryEvent(double unix_seconds, int64_t step,
                         const SummaryMessage& summary);

// A setting or a fact of a run.
struct Hparam {
  std::string name;
  std::variant<bool, double, std::string> value;
};

// A measure of a run, the scalar of that tag.
struct HparamMetric {
  std::string tag, name, meaning;
};

// Tags of the hparams plugin's three summaries, and what they say: which
// settings and measures runs have, and that a session (a run) has begun with
// these values and has ended well.
inline constexpr char kExperimentTag[] = "_hparams_/experiment";
inline constexpr char kSessionStartTag[] = "_hparams_/session_start_info";
inline constexpr char kSessionEndTag[] = "_hparams_/session_end_info";
WireMessage ExperimentContent(double unix_seconds,
                              const std::vector<Hparam>& hparams,
                              const std::vector<HparamMetric>& metrics);
WireMessage SessionStartContent(double unix_seconds,
                                const std::vector<Hparam>& hparams);
WireMessage SessionEndContent(double unix_seconds);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_TENSORBOARD_EVENT_MESSAGES_H_
