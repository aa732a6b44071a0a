#include "launch/monitoring/dashboards/influx_query.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"

namespace reprise {
namespace {

std::string Quoted(absl::string_view name) {
  return absl::StrCat("\"", name, "\"");
}

bool Contains(const std::vector<std::string>& names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

InfluxQuery::InfluxQuery(absl::string_view measurement)
    : InfluxQuery(MeasurementNamed(measurement)) {}

InfluxQuery InfluxQuery::Of(const InfluxQuery& inner) {
  InfluxQuery query(*inner.measurement_);
  query.inner_ = inner.Text();
  query.inner_columns_ = inner.columns_;
  query.inner_tags_ = inner.tags_;
  return query;
}

InfluxQuery& InfluxQuery::Select(absl::string_view expression,
                                 absl::string_view column) {
  std::string text = Resolve(expression, /*is_selected=*/true);
  if (!column.empty()) absl::StrAppend(&text, " AS ", Quoted(column));
  selected_.push_back(std::move(text));
  columns_.push_back(std::string(column));
  return *this;
}

InfluxQuery& InfluxQuery::Where(absl::string_view condition) {
  conditions_.push_back(Resolve(condition, /*is_selected=*/false));
  return *this;
}

InfluxQuery& InfluxQuery::By(const std::vector<std::string>& tags) {
  for (const std::string& tag : tags) {
    REPRISE_CHECK(inner_.empty() ? measurement_->HasTag(tag)
                                 : Contains(inner_tags_, tag))
        << "no tag '" << tag << "' in "
        << (inner_.empty() ? measurement_->name : inner_);
  }
  tags_ = tags;
  return *this;
}

InfluxQuery& InfluxQuery::ChosenBy(std::vector<std::string> variables) {
  variables_ = std::move(variables);
  return *this;
}

InfluxQuery& InfluxQuery::OverTime() {
  over_time_ = true;
  return *this;
}

std::string InfluxQuery::Resolve(absl::string_view text, bool is_selected) {
  std::string resolved;
  for (;;) {
    const size_t open = text.find('{');
    absl::StrAppend(&resolved, text.substr(0, open));
    if (open == absl::string_view::npos) return resolved;
    const size_t close = text.find('}', open);
    REPRISE_CHECK(close != absl::string_view::npos) << text;
    const absl::string_view name = text.substr(open + 1, close - open - 1);
    if (!inner_.empty()) {
      REPRISE_CHECK(Contains(inner_columns_, name) ||
                    Contains(inner_tags_, name))
          << "no column '" << name << "' in " << inner_;
    } else if (!measurement_->HasTag(name)) {
      const PointField& field = measurement_->FieldNamed(name);
      if (is_selected && first_field_ == nullptr) first_field_ = &field;
    }
    absl::StrAppend(&resolved, Quoted(name));
    text.remove_prefix(close + 1);
  }
}

std::string InfluxQuery::Conditions() const {
  // An inner query has limited time and variables already.
  std::vector<std::string> all;
  if (inner_.empty()) {
    all.push_back("$timeFilter");
    for (const std::string& variable : variables_) {
      if (!measurement_->HasTag(variable)) continue;
      all.push_back(
          absl::StrCat(Quoted(variable), " =~ /^${", variable, ":regex}$/"));
    }
  }
  all.insert(all.end(), conditions_.begin(), conditions_.end());
  return all.empty() ? ""
                     : absl::StrCat(" WHERE ", absl::StrJoin(all, " AND "));
}

std::string InfluxQuery::Text() const {
  std::vector<std::string> groups;
  if (over_time_) groups.push_back("time($__interval)");
  for (const std::string& tag : tags_) groups.push_back(Quoted(tag));
  return absl::StrCat("SELECT ", absl::StrJoin(selected_, ", "), " FROM ",
                      inner_.empty() ? Quoted(measurement_->name)
                                     : absl::StrCat("(", inner_, ")"),
                      Conditions(), groups.empty() ? "" : " GROUP BY ",
                      absl::StrJoin(groups, ", "),
                      over_time_ ? " fill(none)" : "");
}

}  // namespace reprise
