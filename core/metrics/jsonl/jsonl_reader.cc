#include "core/metrics/jsonl/jsonl_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

// What is wrong with the record; empty: nothing.
std::string FaultOf(absl::string_view line) {
  const nlohmann::json record = nlohmann::json::parse(
      line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (!record.is_object()) return "is not one JSON object";
  const auto schema = record.find("schema");
  if (schema == record.end() || !schema->is_number_integer()) {
    return "has no integer \"schema\"";
  }
  if (*schema < 1 || *schema > kJsonlSchema) {
    return absl::StrCat("has schema ", schema->dump(), ", expected at most ",
                        kJsonlSchema,
                        "; read it with the version that wrote it");
  }
  return "";
}

}  // namespace

absl::StatusOr<JsonlContent> ReadJsonl(const std::string& path) {
  REPRISE_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(path));
  JsonlContent content;
  absl::string_view rest = bytes;
  for (size_t end; (end = rest.find('\n')) != absl::string_view::npos;) {
    const absl::string_view line = rest.substr(0, end);
    const std::string fault = FaultOf(line);
    if (!fault.empty()) {
      return DataError(absl::StrCat(path, " line ", content.records.size() + 1,
                                    " (offset ", content.whole_bytes, ") ",
                                    fault));
    }
    content.records.emplace_back(line);
    content.whole_bytes += static_cast<int64_t>(end) + 1;
    rest.remove_prefix(end + 1);
  }
  content.cut_bytes = static_cast<int64_t>(rest.size());
  return content;
}

}  // namespace reprise
