#include "core/metrics/tensorboard/run_text.h"

#include <set>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "core/metrics/record_fields.h"
#include "core/metrics/record_json.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

// Text without quotes, the rest as JSON has it.
std::string TextOf(const Json& value) {
  return value.is_string()
             ? value.get<std::string>()
             : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Code within a cell of a table. "&#124;" is not read within code, so a bar is
// escaped as tables have it.
std::string CodeCell(absl::string_view text) {
  if (text.empty()) return " ";
  const std::string line =
      absl::StrReplaceAll(text, {{"\n", " "}, {"\r", " "}, {"|", "\\|"}});
  const char* fence = absl::StrContains(line, '`') ? "``" : "`";
  return absl::StrCat(fence, line, fence);
}

std::string Row(absl::string_view name, const Json& value,
                absl::string_view about) {
  return absl::StrCat("| ", CodeCell(name), " | ", CodeCell(TextOf(value)),
                      " | ", about, " |\n");
}

Hparam HparamOf(absl::string_view name, const Json& value) {
  Hparam hparam{std::string(name), TextOf(value)};
  if (value.is_boolean()) hparam.value = value.get<bool>();
  if (value.is_number()) hparam.value = value.get<double>();
  return hparam;
}

// run.json has checked that it is JSON; what is not is shown as it is.
Json ValueOf(const RunInfo::Setting& setting) {
  Json value = Json::parse(setting.value_json, nullptr,
                           /*allow_exceptions=*/false);
  return value.is_discarded() ? Json(setting.value_json) : value;
}

}  // namespace

std::string MarkdownOf(const RunStart& run) {
  std::string text = "| field | value | meaning |\n|---|---|---|\n";
  absl::StrAppend(&text, Row(kRunField.name, run.run_id, kRunField.meaning));
  ForEachField(run, [&](const RecordField& field, const auto& value) {
    absl::StrAppend(&text, Row(field.name, JsonOf(value), field.meaning));
  });
  return text;
}

std::string MarkdownOf(const std::vector<RunInfo::Setting>& settings) {
  std::string text = "| setting | value | from |\n|---|---|---|\n";
  for (const RunInfo::Setting& setting : settings) {
    absl::StrAppend(&text, Row(setting.name, ValueOf(setting), setting.origin));
  }
  return text;
}

std::vector<Hparam> HparamsOf(const RunStart& run,
                              const std::vector<RunInfo::Setting>& settings) {
  std::vector<Hparam> hparams;
  std::set<std::string> names;
  ForEachField(run, [&](const RecordField& field, const auto& value) {
    names.insert(field.name);
    hparams.push_back(HparamOf(field.name, JsonOf(value)));
  });
  for (const RunInfo::Setting& setting : settings) {
    if (!names.insert(setting.name).second) continue;
    hparams.push_back(HparamOf(setting.name, ValueOf(setting)));
  }
  return hparams;
}

}  // namespace reprise
