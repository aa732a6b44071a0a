#include "launch/monitoring/dashboards/dashboard_table.h"

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/monitoring/dashboards/dashboard.h"
#include "launch/monitoring/points/measurement_table.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// As Grafana reads them.
std::vector<Json> Parsed() {
  std::vector<Json> dashboards;
  for (const Dashboard& dashboard : AllDashboards()) {
    dashboards.push_back(Json::parse(dashboard.ToJson().dump()));
  }
  return dashboards;
}

// Text matched by the first group of `pattern`, wherever it occurs.
std::vector<std::string> Found(const std::string& text,
                               const std::string& pattern) {
  std::vector<std::string> found;
  const std::regex regex(pattern);
  for (auto match = std::sregex_iterator(text.begin(), text.end(), regex);
       match != std::sregex_iterator(); ++match) {
    found.push_back((*match)[1]);
  }
  return found;
}

// The names of a query, read from its text alone.
struct QueryNames {
  explicit QueryNames(const std::string& query)
      : measurements(Found(query, "FROM \"([^\"]+)\"")),
        columns(Found(query, "AS \"([^\"]+)\"")),
        names(Found(
            std::regex_replace(query, std::regex("(AS|FROM) \"[^\"]+\""), ""),
            "\"([^\"]+)\"")),
        functions(Found(query, "([a-z_]+)\\(")),
        groups(Found(query.substr(query.rfind("GROUP BY") == std::string::npos
                                      ? query.size()
                                      : query.rfind("GROUP BY")),
                     "\"([^\"]+)\"")) {}
  std::vector<std::string> measurements, columns, names, functions, groups;
};

size_t Count(const std::vector<std::string>& names, const std::string& name) {
  return std::count(names.begin(), names.end(), name);
}

struct AskedQuery {
  std::string where, text;
};

std::vector<AskedQuery> QueriesOf(const Json& dashboard) {
  std::vector<AskedQuery> queries;
  for (const Json& panel : dashboard["panels"]) {
    if (!panel.contains("targets")) continue;
    for (const Json& target : panel["targets"]) {
      queries.push_back({panel["title"], target["query"]});
    }
  }
  for (const Json& annotation : dashboard["annotations"]["list"]) {
    queries.push_back({annotation["name"], annotation["target"]["query"]});
  }
  for (const Json& variable : dashboard["templating"]["list"]) {
    if (variable["type"] != "query") continue;
    queries.push_back({variable["name"], variable["query"]});
  }
  return queries;
}

TEST(DashboardTableTest, EachNameInEachQueryIsOneOfThePoints) {
  const std::vector<std::string> functions = {
      "mean",  "last", "first", "max",      "sum",
      "count", "time", "fill",  "distinct", "non_negative_derivative"};
  int queries = 0;
  for (const Json& dashboard : Parsed()) {
    for (const AskedQuery& query : QueriesOf(dashboard)) {
      SCOPED_TRACE(absl::StrCat(query.where, ": ", query.text));
      const QueryNames names(query.text);
      ASSERT_EQ(names.measurements.size(), 1u);
      const Measurement& measurement =
          MeasurementNamed(names.measurements.front());
      ASSERT_FALSE(names.names.empty());
      for (const std::string& name : names.names) {
        EXPECT_TRUE(
            measurement.HasTag(name) ||
            measurement.FindField(name) != nullptr ||
            std::count(names.columns.begin(), names.columns.end(), name) > 0)
            << name;
      }
      for (const std::string& function : names.functions) {
        EXPECT_THAT(functions, Contains(function));
      }
      ++queries;
    }
  }
  EXPECT_GT(queries, 80);
}

TEST(DashboardTableTest, EachVariableInAQueryIsGrafanasOrTheDashboards) {
  for (const Json& dashboard : Parsed()) {
    std::set<std::string> variables = {"timeFilter", "__interval"};
    for (const Json& variable : dashboard["templating"]["list"]) {
      EXPECT_TRUE(variables.insert(variable["name"].get<std::string>()).second)
          << variable;
      if (!variable.contains("query") || variable["type"] != "query") continue;
      // Only those before it have a value when Grafana asks for its values.
      for (const std::string& name :
           Found(variable["query"], "\\$\\{?([a-z_A-Z]+)")) {
        EXPECT_THAT(variables, Contains(name)) << variable["query"];
      }
    }
    for (const AskedQuery& query : QueriesOf(dashboard)) {
      for (const std::string& name : Found(query.text, "\\$\\{?([a-z_A-Z]+)")) {
        EXPECT_THAT(variables, Contains(name)) << query.text;
      }
    }
    for (const Json& panel : dashboard["panels"]) {
      if (panel["type"] == "row") continue;
      EXPECT_EQ(panel["datasource"]["uid"], "${datasource}");
      if (panel.contains("repeat")) {
        EXPECT_THAT(variables, Contains(panel["repeat"]));
      }
    }
  }
}

TEST(DashboardTableTest, NamesOfSeriesAndTransformationsAreInTheQuery) {
  for (const Json& dashboard : Parsed()) {
    std::set<std::string> variables;  // as "$run"
    for (const Json& variable : dashboard["templating"]["list"]) {
      variables.insert(absl::StrCat("$", variable["name"].get<std::string>()));
    }
    for (const Json& panel : dashboard["panels"]) {
      if (panel["type"] == "row") continue;
      SCOPED_TRACE(panel["title"]);
      for (const Json& target : panel["targets"]) {
        QueryNames names(target["query"]);
        for (const std::string& tag :
             Found(target.value("alias", ""), "\\$tag_([a-z_]+)")) {
          EXPECT_THAT(names.groups, Contains(tag));
        }
        if (!panel.contains("transformations")) continue;
        EXPECT_EQ(target["resultFormat"], "table");
        for (const Json& step : panel["transformations"]) {
          const Json& options = step["options"];
          if (step["id"] == "calculateField") {
            for (const char* side : {"left", "right"}) {
              const std::string of = options["binary"][side];
              EXPECT_TRUE(variables.count(of) + Count(names.columns, of) +
                              Count(names.groups, of) >
                          0)
                  << of;
            }
            names.columns.push_back(options["alias"]);
          }
          if (step["id"] != "groupingToMatrix") continue;
          EXPECT_THAT(names.columns, Contains(options["valueField"]));
          EXPECT_THAT(names.groups, Contains(options["rowField"]));
          EXPECT_THAT(names.groups, Contains(options["columnField"]));
        }
      }
    }
  }
}

// With one that has none, a query would be no InfluxQL.
TEST(DashboardTableTest, NoQueryHasAVariableThatMayLackAValue) {
  for (const Json& dashboard : Parsed()) {
    for (const Json& variable : dashboard["templating"]["list"]) {
      if (variable["type"] != "query" || variable["includeAll"] == true) {
        continue;
      }
      const std::string name = variable["name"];
      for (const AskedQuery& query : QueriesOf(dashboard)) {
        EXPECT_THAT(Found(query.text, "\\$\\{?([a-z_A-Z]+)"),
                    Not(Contains(name)))
            << query.text;
      }
    }
  }
}

// A panel for each run is one for each run of the time range.
TEST(DashboardTableTest, RunsToChooseFromAreThoseOfTheTimeRange) {
  for (const Json& dashboard : Parsed()) {
    for (const Json& variable : dashboard["templating"]["list"]) {
      if (variable["name"] != "run") continue;
      const std::string query = variable["query"];
      EXPECT_THAT(query, HasSubstr("$timeFilter"));
      EXPECT_THAT(query, HasSubstr("${experiment:regex}"));
      EXPECT_THAT(query, HasSubstr("${agent:regex}"));
    }
  }
}

TEST(DashboardTableTest, PanelsFillTheGridWithoutOverlapAndIdsAreUnique) {
  std::set<std::string> uids, titles;
  for (const Json& dashboard : Parsed()) {
    SCOPED_TRACE(dashboard["uid"]);
    EXPECT_TRUE(uids.insert(dashboard["uid"].get<std::string>()).second);
    EXPECT_TRUE(titles.insert(dashboard["title"].get<std::string>()).second);
    EXPECT_LE(dashboard["uid"].get<std::string>().size(), 40u);  // Grafana's
    std::set<int> ids;
    std::map<std::pair<int, int>, std::string> cells;
    for (const Json& panel : dashboard["panels"]) {
      EXPECT_TRUE(ids.insert(panel["id"].get<int>()).second);
      const Json& place = panel["gridPos"];
      const int x0 = place["x"], y0 = place["y"];
      const int width = place["w"], height = place["h"];
      EXPECT_LE(x0 + width, 24) << panel["title"];
      EXPECT_GT(width, 0);
      EXPECT_GT(height, 0);
      for (int x = x0; x < x0 + width; ++x) {
        for (int y = y0; y < y0 + height; ++y) {
          const auto [cell, is_new] = cells.try_emplace({x, y}, panel["title"]);
          ASSERT_TRUE(is_new) << panel["title"] << " over " << cell->second;
        }
      }
    }
  }
  EXPECT_EQ(uids.size(), 6u);
}

TEST(DashboardTableTest, EachPanelHasATitleAUnitAndADescription) {
  for (const Json& dashboard : Parsed()) {
    EXPECT_GE(dashboard["schemaVersion"], 36);
    EXPECT_LE(dashboard["schemaVersion"], 39);
    for (const Json& panel : dashboard["panels"]) {
      EXPECT_NE(panel["title"], "");
      if (panel["type"] == "row") continue;
      EXPECT_NE(panel["description"], "") << panel["title"];
      EXPECT_NE(panel["fieldConfig"]["defaults"]["unit"], "");
      EXPECT_FALSE(panel["targets"].empty());
    }
  }
}

TEST(DashboardTableTest, WhatWatchersLookForIsShown) {
  std::string all;
  for (const Json& dashboard : Parsed())
    absl::StrAppend(&all, dashboard.dump());
  for (const char* field :
       {"loss", "accuracy", "top1", "images_per_second", "learning_rate",
        "run_fraction", "overlap_share", "phase_reduction_wait_seconds",
        "phase_rehearsal_wait_seconds", "stored", "unique", "mean_age_steps",
        "exchange_bytes", "utilization_gpu", "memory_used", "temperature_gpu",
        "power_draw", "bytes_sent", "port_rcv_data"}) {
    EXPECT_TRUE(absl::StrContains(all, absl::StrCat("\\\"", field, "\\\"")))
        << field;
  }
}

}  // namespace
}  // namespace reprise
