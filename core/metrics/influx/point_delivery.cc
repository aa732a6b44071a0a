#include "core/metrics/influx/point_delivery.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/status.h"
#include "core/base/utf8.h"

namespace reprise {
namespace {

using Kind = InfluxReply::Kind;

int64_t CountLines(absl::string_view lines) {
  return std::count(lines.begin(), lines.end(), '\n');
}

// The first half of at least two lines, but for half a line.
absl::string_view FirstHalf(absl::string_view lines) {
  const size_t end = lines.rfind('\n', lines.size() / 2);
  return lines.substr(
      0, (end == absl::string_view::npos ? lines.find('\n') : end) + 1);
}

}  // namespace

absl::string_view FirstBatch(absl::string_view bytes) {
  size_t end = 0;
  for (int64_t points = 0; points < kBatchPoints; ++points) {
    const size_t line_end = bytes.find('\n', end);
    if (line_end == absl::string_view::npos) break;
    end = line_end + 1;
  }
  return bytes.substr(0, end);
}

InfluxReply PointDelivery::Deliver(absl::string_view lines,
                                   absl::Duration limit) {
  std::vector<Refusal> refusals;
  InfluxReply reply = DeliverPart(lines, limit, &refusals);
  if (reply.kind != Kind::kTaken) return reply;
  const auto refused = static_cast<int64_t>(refusals.size());
  written_ += CountLines(lines) - refused;
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
  const int64_t count = CountLines(lines);
  if (count == 1 || reply.refused == count) {
    while (!lines.empty()) {
      const absl::string_view line = lines.substr(0, lines.find('\n') + 1);
      refusals->push_back({line, reply.reason});
      lines.remove_prefix(line.size());
    }
    return InfluxReply();
  }
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
        ", the first of them: ", absl::StripSuffix(first.line, "\n"), " (",
        first.reason, ")"));
  }
  std::string text;
  for (const Refusal& refusal : refusals) {
    absl::StrAppend(&text, "# ", Printable(refusal.reason), "\n", refusal.line);
  }
  auto file = AppendFile::Open(refused_file_);
  const absl::Status status = file.ok() ? file->Append(text) : file.status();
  if (!status.ok()) LogWarning(status.message());
}

}  // namespace reprise
