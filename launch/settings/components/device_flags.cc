#include "launch/settings/components/component.h"

namespace reprise {
namespace {

void Derive(ResolvedSettings& resolved) {
  DeviceSettings& settings = resolved.spec.device;
  if (settings.no_cuda) {
    if (resolved.LevelOf("device") >= resolved.LevelOf("no-cuda") &&
        settings.device == DeviceKind::kCuda) {
      resolved.AddProblem("--no-cuda contradicts --device=cuda");
    }
    settings.device = DeviceKind::kCpu;
    resolved.SetDerived("device", "--no-cuda");
  }
  settings.no_cuda = settings.device == DeviceKind::kCpu;
}

}  // namespace

Component DeviceFlags() {
  const Bind<DeviceSettings> device(&ExperimentSpec::device);
  using D = DeviceSettings;
  return {"Ranks and devices",
          {
              device("device", &D::device, "NAME",
                     "auto is cuda where there is a GPU and its libraries"),
              device("no-cuda", &D::no_cuda, "the same as --device=cpu"),
              device("precision", &D::precision, "NAME",
                     "of forward and backward; auto is bf16 on a CPU or GPU "
                     "that multiplies it natively, else fp32; tf32 is of GPUs "
                     "from sm_80"),
              device("memory-format", &D::memory_format, "NAME",
                     "of images and convolutions; auto is what was measured "
                     "to be faster for the network, processor and precision"),
          },
          Derive};
}

}  // namespace reprise
