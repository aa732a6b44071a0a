#include "core/metrics/jsonl/jsonl_reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace reprise {
namespace {

constexpr int64_t kBlockBytes = 1 << 18;

}  // namespace

absl::StatusOr<JsonlReader> JsonlReader::Open(const std::string& path) {
  REPRISE_ASSIGN_OR_RETURN(InputFile file, InputFile::Open(path));
  return JsonlReader(std::move(file));
}

absl::StatusOr<std::optional<absl::string_view>> JsonlReader::NextLine() {
  size_t searched = next_;
  while (true) {
    const size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      const absl::string_view line(&buffer_[next_], end - next_);
      position_ = {position_.line + 1, whole_bytes_};
      whole_bytes_ += static_cast<int64_t>(line.size()) + 1;
      next_ = end + 1;
      return line;
    }
    buffer_.erase(0, next_);
    next_ = 0;
    searched = buffer_.size();
    if (static_cast<int64_t>(searched) > kMostLineBytes) {
      return Fault({position_.line + 1, whole_bytes_},
                   absl::StrCat("is longer than ", kMostLineBytes, " bytes"));
    }
    const int64_t more = std::min(kBlockBytes, file_.size() - read_);
    if (more == 0) return std::nullopt;
    buffer_.resize(searched + more);
    REPRISE_RETURN_IF_ERROR(file_.ReadAt(read_, more, &buffer_[searched]));
    read_ += more;
  }
}

absl::StatusOr<nlohmann::json> JsonlReader::Parse(
    absl::string_view line, const Position& position) const {
  nlohmann::json record = nlohmann::json::parse(
      line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (!record.is_object()) return Fault(position, "is not one JSON object");
  const auto schema = record.find("schema");
  if (schema == record.end() || !schema->is_number_integer()) {
    return Fault(position, "has no integer \"schema\"");
  }
  if (*schema < 1 || *schema > kJsonlSchema) {
    return Fault(
        position,
        absl::StrCat("has schema ", schema->dump(), ", expected at most ",
                     kJsonlSchema, "; read it with the version that wrote it"));
  }
  return record;
}

absl::Status JsonlReader::Fault(const Position& position,
                                absl::string_view fault) const {
  return DataError(absl::StrCat(file_.path(), " line ", position.line,
                                " (offset ", position.offset, ") ", fault));
}

}  // namespace reprise
