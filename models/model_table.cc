#include "models/model_table.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "models/candlenet.h"
#include "models/mnistnet.h"
#include "models/resnet.h"

namespace reprise {
namespace {

using MadeModel = absl::StatusOr<std::unique_ptr<Model>>;

MadeModel ResNet(const ModelChoice& choice, const ModelOptions& options) {
  return MakeResNet(choice.resnet, options);
}

// Of a network without choices.
template <std::unique_ptr<Model> (*kMake)(const ModelOptions&)>
MadeModel Only(const ModelChoice& /*choice*/, const ModelOptions& options) {
  return kMake(options);
}

struct ModelRow {
  const char* name;
  MadeModel (*make)(const ModelChoice& choice, const ModelOptions& options);
};

constexpr ModelRow kRows[] = {{"mnistnet", Only<MakeMnistNet>},
                              {"resnet", ResNet},
                              {"candlenet", Only<MakeCandleNet>}};

}  // namespace

std::string NameOf(const ModelChoice& choice) {
  return choice.name == "resnet" ? NameOf(choice.resnet) : choice.name;
}

absl::StatusOr<std::unique_ptr<Model>> MakeModel(const ModelChoice& choice,
                                                 const ModelOptions& options) {
  std::vector<std::string> names;
  for (const ModelRow& row : kRows) {
    if (choice.name == row.name) return row.make(choice, options);
    names.push_back(row.name);
  }
  return UsageError(absl::StrCat("expected model ", absl::StrJoin(names, ", "),
                                 ", found ", choice.name));
}

}  // namespace reprise
