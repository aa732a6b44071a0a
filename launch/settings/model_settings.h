// The network: --model and --model-config.
#ifndef REPRISE_LAUNCH_SETTINGS_MODEL_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_MODEL_SETTINGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "launch/cli/enum_names.h"

namespace reprise {

enum class ResnetVariant { kPaper, kUpstream };
inline constexpr EnumName<ResnetVariant> kResnetVariantNames[] = {
    {ResnetVariant::kPaper, ""}, {ResnetVariant::kUpstream, "upstream"}};
inline EnumNames<ResnetVariant> NamesOf(ResnetVariant) {
  return kResnetVariantNames;
}

// Keys of one model's own; bound in its row of model_rows.cc.
struct ResnetSettings {
  int64_t depth = 34;
  std::optional<int64_t> width;  // default: the depth's
  ResnetVariant variant = ResnetVariant::kPaper;
};

struct ModelSettings {
  std::string name = "mnistnet";  // a row of model_rows.h
  ResnetSettings resnet;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_MODEL_SETTINGS_H_
