#include "launch/sweep/points/sweep_file.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/environment.h"
#include "core/base/nearest_name.h"
#include "core/base/status.h"
#include "core/base/utf8.h"

namespace reprise {
namespace {

class FormReader {
 public:
  explicit FormReader(const std::string& path) { file_.path = path; }

  absl::StatusOr<SweepFile> Read(const YamlNode& root) {
    if (root.is_map) {
      for (const YamlNode& section : root.children) ReadSection(section);
    }
    if (file_.grid.empty() && file_.list.empty() && file_.seeds.empty() &&
        problems_.empty()) {
      AddProblem(std::max(root.line, 1),
                 "expected a grid, a list or seeds, found none: there is "
                 "nothing to vary");
    }
    if (problems_.empty()) CheckCount();
    if (!problems_.empty()) {
      return UsageError(absl::StrCat(
          problems_.size(), problems_.size() == 1 ? " problem" : " problems",
          " in ", file_.path, ":\n  ", absl::StrJoin(problems_, "\n  "),
          "\n`reprise sweep --help` shows the form."));
    }
    return std::move(file_);
  }

 private:
  void AddProblem(int line, absl::string_view what) {
    problems_.push_back(absl::StrCat(file_.path, ":", line, ": ", what));
  }

  void ReadSection(const YamlNode& section) {
    const std::vector<std::string> names = {"settings", "grid", "list",
                                            "seeds"};
    const std::string& name = section.key;
    if (name == "settings") {
      ReadSettings(section);
    } else if (name == "grid") {
      ReadGrid(section);
    } else if (name == "list") {
      ReadList(section);
    } else if (name == "seeds") {
      ReadSeeds(section);
    } else {
      AddProblem(
          section.line,
          absl::StrCat("'", Printable(name), "': expected one of ",
                       absl::StrJoin(names, ", "), DidYouMean(name, names)));
    }
  }

  void ReadSettings(const YamlNode& section) {
    if (section.is_map) {
      file_.settings = section.children;
    } else if (!section.value.IsNone()) {
      AddProblem(section.line, "settings: expected flags and their values");
    }
  }

  void ReadGrid(const YamlNode& section) {
    if (!section.is_map || section.children.empty()) {
      AddProblem(section.line,
                 "grid: expected flags, each with a list of values, found "
                 "none");
      return;
    }
    for (const YamlNode& entry : section.children) {
      if (!entry.is_list || entry.children.empty()) {
        AddProblem(entry.line,
                   absl::StrCat("grid: ", Printable(entry.key),
                                ": expected a list of values, [a, b]; one "
                                "value for all points belongs to settings"));
      }
    }
    file_.grid = section.children;
  }

  void ReadList(const YamlNode& section) {
    if (!section.is_list || section.children.empty()) {
      AddProblem(section.line,
                 "list: expected points, \"- {flag: value}\" each, found none");
      return;
    }
    for (const YamlNode& item : section.children) {
      if (!item.is_map) {
        AddProblem(item.line, "list: expected flags and their values");
      }
    }
    file_.list = section.children;
  }

  void ReadSeeds(const YamlNode& section) {
    if (!section.is_list || section.children.empty()) {
      AddProblem(section.line, "seeds: expected a list of integers, [1, 2, 3]");
      return;
    }
    for (const YamlNode& seed : section.children) {
      if (seed.text.empty()) {
        AddProblem(seed.line, "seeds: expected an integer");
      }
    }
    file_.seeds = section.children;
  }

  // Without expanding anything.
  void CheckCount() {
    int64_t count = 1;
    const auto times = [&count](size_t factor) {
      count = std::min<int64_t>(
          count * std::max<int64_t>(1, static_cast<int64_t>(factor)),
          int64_t{1} << 31);
    };
    times(file_.list.size());
    times(file_.seeds.size());
    for (const YamlNode& entry : file_.grid) times(entry.children.size());
    if (count <= kMostPoints) return;
    const YamlNode& first = !file_.grid.empty()   ? file_.grid.front()
                            : !file_.list.empty() ? file_.list.front()
                                                  : file_.seeds.front();
    AddProblem(first.line,
               absl::StrCat("expected at most ", kMostPoints, " points, found ",
                            count == int64_t{1} << 31 ? "more than 2^31"
                                                      : absl::StrCat(count),
                            "; make several sweeps of them"));
  }

  SweepFile file_;
  std::vector<std::string> problems_;
};

// Each of `points` with each of `values`.
std::vector<PointLines> Times(const std::vector<PointLines>& points,
                              const std::string& key,
                              const std::vector<YamlNode>& values) {
  std::vector<PointLines> product;
  product.reserve(points.size() * values.size());
  for (const PointLines& point : points) {
    for (const YamlNode& value : values) {
      product.push_back(point);
      product.back().varied.push_back(value);
      product.back().varied.back().key = key;
      if (point.varied.empty()) product.back().line = value.line;
    }
  }
  return product;
}

}  // namespace

absl::StatusOr<SweepFile> ParseSweepFile(const std::string& path,
                                         absl::string_view yaml) {
  const absl::StatusOr<YamlNode> root = ParseYaml(yaml);
  if (root.ok()) return FormReader(path).Read(*root);
  return UsageError(absl::StrCat(path, ": ", root.status().message()));
}

absl::StatusOr<SweepFile> ReadSweepFile(const std::string& path) {
  REPRISE_ASSIGN_OR_RETURN(const YamlNode root,
                           ReadYamlFile(ResolveUserPath(path)));
  return FormReader(path).Read(root);
}

std::vector<PointLines> ExpandPoints(const SweepFile& file) {
  PointLines start;
  start.fixed = file.settings;
  std::vector<PointLines> points;
  for (const YamlNode& item : file.list) {
    points.push_back(start);
    points.back().varied = item.children;
    points.back().line = item.line;
  }
  if (points.empty()) points.push_back(start);
  for (const YamlNode& entry : file.grid) {
    points = Times(points, entry.key, entry.children);
  }
  if (!file.seeds.empty()) points = Times(points, "seed", file.seeds);
  return points;
}

}  // namespace reprise
