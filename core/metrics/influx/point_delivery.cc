#include "core/metrics/influx/point_delivery.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/status.h"

namespace reprise {
namespace {

using Kind = InfluxReply::Kind;

constexpr size_t kMostToldBytes = 500;  // of a point, in the log

// The first half of at least two lines, but for half a line.
absl::string_view FirstHalf(absl::string_view lines) {
  const size_t end = lines.rfind('\n', lines.size() / 2);
  return lines.substr(
      0, (end == absl::string_view::npos ? lines.find('\n') : end) + 1);
}

}  // namespace

int64_t CountPoints(absl::string_view lines) {
  return std::count(lines.begin(), lines.end(), '\n');
}

absl::string_view FirstBatch(absl::string_view bytes) {
  size_t end = 0;
  for (int64_t points = 0; points < kBatchPoints; ++points) {
    const size_t line_end = bytes.find('\n', end);
    if (line_end == absl::string_view::npos) break;
    end = line_end + 1;
  }
  return bytes.substr(0, end);
}

absl::StatusOr<std::string> ReadBatch(const InputFile& file, int64_t from,
                                      int64_t to) {
  for (int64_t most = kBatchBytes;; most *= 2) {
    const int64_t size = std::min(to - from, most);
    std::string bytes(size, '\0');
    REPRISE_RETURN_IF_ERROR(file.ReadAt(from, size, bytes.data()));
    // What needs a longer piece is a line that goes alone.
    bytes.resize(most == kBatchBytes ? FirstBatch(bytes).size()
                                     : bytes.find('\n') + 1);
    if (!bytes.empty()) return bytes;
    if (size == to - from) {
      return DataError(absl::StrCat(file.path(), ": offset ", from,
                                    ": expected a line end before offset ", to,
                                    ", found none"));
    }
  }
}

InfluxReply PointDelivery::Deliver(absl::string_view lines,
                                   absl::Duration limit) {
  // An empty request is taken, too, and would bring nobody further.
  REPRISE_CHECK(!lines.empty() && lines.back() == '\n');
  std::vector<Refusal> refusals;
  InfluxReply reply = DeliverPart(lines, limit, &refusals);
  SetRefusalUnderWay("");
  if (reply.kind != Kind::kTaken) return reply;
  const auto refused = static_cast<int64_t>(refusals.size());
  written_ += CountPoints(lines) - refused;
  if (refused > 0) {
    Keep(refusals);
    refused_ += refused;
  }
  return reply;
}

InfluxReply PointDelivery::DeliverPart(absl::string_view lines,
                                       absl::Duration limit,
                                       std::vector<Refusal>* refusals) {
  InfluxReply reply = server_->Write(lines, limit);
  if (reply.kind != Kind::kRefused) return reply;
  const int64_t count = CountPoints(lines);
  if (count == 1 || reply.refused == count) {
    while (!lines.empty()) {
      const absl::string_view line = lines.substr(0, lines.find('\n') + 1);
      refusals->push_back({line, reply.reason});
      lines.remove_prefix(line.size());
    }
    return InfluxReply();
  }
  SetRefusalUnderWay(reply.reason);
  const absl::string_view half = FirstHalf(lines);
  for (const absl::string_view part : {half, lines.substr(half.size())}) {
    reply = DeliverPart(part, limit, refusals);
    if (reply.kind != Kind::kTaken) return reply;
  }
  return InfluxReply();
}

void PointDelivery::Keep(const std::vector<Refusal>& refusals) {
  if (refused_ == 0) {
    const Refusal& first = refusals.front();
    LogWarning(absl::StrCat(
        "InfluxDB refuses points, which are left in ", refused_file_,
        ", the first of them: ",
        absl::StripSuffix(first.line, "\n").substr(0, kMostToldBytes), " (",
        first.reason, ")"));
  }
  std::string text;
  for (const Refusal& refusal : refusals) {
    absl::StrAppend(&text, "# ", refusal.reason, "\n", refusal.line);
  }
  const absl::Status status = WriteRefused(text);
  if (!status.ok()) LogWarning(status.message());
}

absl::Status PointDelivery::WriteRefused(absl::string_view text) const {
  REPRISE_ASSIGN_OR_RETURN(AppendFile file, AppendFile::Open(refused_file_));
  // All that an earlier delivery left there is sent, and refused, again.
  if (refused_ == 0) REPRISE_RETURN_IF_ERROR(file.Truncate(0));
  return file.Append(text);
}

std::string PointDelivery::refusal_under_way() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return refusal_under_way_;
}

void PointDelivery::SetRefusalUnderWay(std::string reason) {
  std::lock_guard<std::mutex> lock(mutex_);
  refusal_under_way_ = std::move(reason);
}

}  // namespace reprise
