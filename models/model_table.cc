#include "models/model_table.h"

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "models/candlenet.h"
#include "models/mnistnet.h"
#include "models/resnet.h"

namespace reprise {
std::string NameOf(const ModelChoice& choice) {
  return choice.name == "resnet" ? NameOf(choice.resnet) : choice.name;
}

absl::StatusOr<std::unique_ptr<Model>> MakeModel(const ModelChoice& choice,
                                                 const ModelOptions& options) {
  if (choice.name == "mnistnet") return MakeMnistNet(options);
  if (choice.name == "candlenet") return MakeCandleNet(options);
  if (choice.name == "resnet") return MakeResNet(choice.resnet, options);
  return UsageError(absl::StrCat(
      "expected model mnistnet, resnet or candlenet, found ", choice.name));
}

}  // namespace reprise
