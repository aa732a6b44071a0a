#include "launch/report/export/table_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/base/check.h"
#include "core/base/status.h"

namespace reprise {
namespace {

using Json = nlohmann::json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string CsvCell(const Json& cell) {
  if (cell.is_null()) return "";
  if (!cell.is_string()) return Dump(cell);
  const auto& text = cell.get_ref<const std::string&>();
  const bool is_plain = !text.empty() &&
                        text.find_first_of(",\"\r\n") == std::string::npos &&
                        text.front() != ' ' && text.back() != ' ';
  if (is_plain) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

class CsvWriter final : public TableWriter {
 public:
  explicit CsvWriter(TableOutput output) : output_(std::move(output)) {}

  absl::Status Begin(const std::vector<TableColumn>& columns) override {
    columns_ = columns.size();
    std::vector<Json> names;
    for (const TableColumn& column : columns) names.push_back(column.name);
    return Row(names);
  }

  absl::Status Row(const std::vector<Json>& cells) override {
    REPRISE_CHECK(cells.size() == columns_);
    return output_(
        absl::StrCat(absl::StrJoin(cells, ",",
                                   [](std::string* line, const Json& cell) {
                                     absl::StrAppend(line, CsvCell(cell));
                                   }),
                     "\n"));
  }

  absl::Status End() override { return absl::OkStatus(); }

 private:
  const TableOutput output_;
  size_t columns_ = 0;
};

class JsonWriter final : public TableWriter {
 public:
  explicit JsonWriter(TableOutput output) : output_(std::move(output)) {}

  absl::Status Begin(const std::vector<TableColumn>& columns) override {
    std::string text = "{\"columns\":[";
    for (const TableColumn& column : columns) {
      const nlohmann::ordered_json json = {{"name", column.name},
                                           {"unit", column.unit},
                                           {"meaning", column.meaning}};
      absl::StrAppend(&text, columns_++ > 0 ? ",\n" : "\n", json.dump());
    }
    return output_(text + "],\n\"rows\":[");
  }

  absl::Status Row(const std::vector<Json>& cells) override {
    REPRISE_CHECK(cells.size() == columns_);
    return output_(absl::StrCat(std::exchange(has_row_, true) ? ",\n" : "\n",
                                Dump(cells)));
  }

  absl::Status End() override { return output_("]}\n"); }

 private:
  const TableOutput output_;
  size_t columns_ = 0;
  bool has_row_ = false;
};

}  // namespace

std::unique_ptr<TableWriter> MakeCsvWriter(TableOutput output) {
  return std::make_unique<CsvWriter>(std::move(output));
}

std::unique_ptr<TableWriter> MakeJsonWriter(TableOutput output) {
  return std::make_unique<JsonWriter>(std::move(output));
}

}  // namespace reprise
