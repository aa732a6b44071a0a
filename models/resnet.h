// Residual networks (He, Zhang, Ren, Sun 2016) for 32x32 images: a 3x3 stem
// without max-pooling, four stages of width 64, 128, 256, 512, basic blocks
// (18, 34) or bottlenecks with expansion 4 (50, 101, 152), stride 2 at the
// first block of stages 2 to 4 (in the 3x3 convolution of a bottleneck, as
// torchvision). Features are the pooled output. Parameters at 10 classes:
// 11,173,962; 21,282,122; 23,520,842; 42,512,970; 58,156,618.
//
// Names of the state dict are torchvision's. Initial values: convolutions
// normal with variance 2 / (k k O) (He et al. 2015, fan out), batch
// normalisation 1 and 0, but 0 for the scale of each block's last one (Goyal et
// al. 2017), the classifier normal with deviation 0.01.
//
// `upstream` is what the research code built under these names: three stages of
// two blocks whatever the depth; basic blocks of width 20, 40, 80 (depth 18) or
// 40, 80, 160 (34, 1,087,090 parameters); else bottlenecks without expansion of
// width 64, 128, 256 (1,902,922 parameters).
#ifndef REPRISE_MODELS_RESNET_H_
#define REPRISE_MODELS_RESNET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "models/model.h"

namespace reprise {

struct ResNetOptions {
  int64_t depth = 34;
  int64_t width = 0;  // of the first stage; 0: as above
  bool upstream = false;
};

// "resnet34", "resnet34-upstream-width8".
std::string NameOf(const ResNetOptions& resnet);

// UsageError for a depth that is none of 18, 34, 50, 101, 152, or a width above
// 4096.
absl::StatusOr<std::unique_ptr<Model>> MakeResNet(const ResNetOptions& resnet,
                                                  const ModelOptions& options);

}  // namespace reprise

#endif  // REPRISE_MODELS_RESNET_H_
