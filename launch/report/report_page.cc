#include "launch/report/report_page.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/check.h"
#include "core/base/program_info.h"
#include "launch/report/page/page_texts.h"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

std::string AsMarkup(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

// JSON without what a browser could take for the end of the script that holds
// it. All of these stand in strings only, where JSON allows \u.
std::string AsScript(const Json& model) {
  return absl::StrReplaceAll(
      model.dump(-1, ' ', false, Json::error_handler_t::replace),
      {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}});
}

std::string TitleOf(const Json& model) {
  const Json& runs = model.at("runs");
  if (runs.size() != 1) {
    return absl::StrCat("Reprise: ", runs.size(), " runs compared");
  }
  const Json& name = runs[0].at("name");
  return absl::StrCat(
      "Reprise: ", name.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

Json ReportModel(std::vector<Json> runs,
                 const std::optional<CostModel>& cost_model) {
  Json model = {{"version", kVersion},
                {"made", absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::Now(),
                                          absl::UTCTimeZone())}};
  model["comparison"] =
      runs.size() > 1 ? ComparisonModel(runs, cost_model) : Json();
  model["runs"] = std::move(runs);
  return model;
}

std::string ReportPage(const Json& model) {
  const std::vector<std::pair<absl::string_view, std::string>> parts = {
      {"@TITLE@", AsMarkup(TitleOf(model))},
      {"@STYLE@", std::string(kPageStyle)},
      {"@CHART_LICENCE@", AsMarkup(kChartLicence)},
      {"@MODEL@", AsScript(model)},
      {"@CHART@", std::string(kChartLibrary)},
      {"@SCRIPT@", absl::StrCat(kPageTheme, kPageElements, kPageCharts,
                                kPageRun, kPageComparison, kPageStart)},
  };
  // Each place in its turn, so that nothing is looked for in what was put in.
  std::string page;
  absl::string_view rest = kPageTemplate;
  for (const auto& [place, text] : parts) {
    const size_t at = rest.find(place);
    REPRISE_CHECK(at != absl::string_view::npos) << place;
    absl::StrAppend(&page, rest.substr(0, at), text);
    rest.remove_prefix(at + place.size());
  }
  absl::StrAppend(&page, rest);
  return page;
}

}  // namespace reprise
