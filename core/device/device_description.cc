#include "core/device/device_description.h"

#include "absl/strings/str_cat.h"
#include "core/base/processor.h"
#include "core/device/gpu/cuda_driver.h"
#include "core/tensor/libtorch_processor.h"

namespace reprise {

std::string DescribeDevice(c10::Device device) {
  if (device.is_cuda()) {
    return absl::StrCat(device.str(), " (",
                        ThisCudaDriver().gpus.at(device.index()).name, ")");
  }
  const ProcessorFamily family = LibTorchProcessor();
  const char* name = "";
  switch (family) {
    case ProcessorFamily::kBaseline:
      break;
    case ProcessorFamily::kAvx2:
      name = "AVX2";
      break;
    case ProcessorFamily::kAvx512:
      name = "AVX-512";
      break;
    case ProcessorFamily::kAvx512Bf16:
      name = "AVX-512 BF16";
      break;
    case ProcessorFamily::kAmx:
      name = "AMX";
      break;
  }
  const char* limited =
      family < HardwareProcessor() ? "limited by the environment" : "";
  const char* both = *name != '\0' && *limited != '\0' ? ", " : "";
  const std::string text = absl::StrCat(name, both, limited);
  return text.empty() ? "cpu" : absl::StrCat("cpu (", text, ")");
}

}  // namespace reprise
