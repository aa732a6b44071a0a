// What a rank computes on, and in which numbers.
#ifndef REPRISE_LAUNCH_SETTINGS_DEVICE_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_DEVICE_SETTINGS_H_

#include "core/device/gpu/device_request.h"
#include "launch/cli/enum_names.h"

namespace reprise {

inline constexpr EnumName<DeviceKind> kDeviceKindNames[] = {
    {DeviceKind::kAuto, "auto"},
    {DeviceKind::kCpu, "cpu"},
    {DeviceKind::kCuda, "cuda"}};
inline EnumNames<DeviceKind> NamesOf(DeviceKind) { return kDeviceKindNames; }

inline constexpr EnumName<PrecisionKind> kPrecisionKindNames[] = {
    {PrecisionKind::kAuto, "auto"},
    {PrecisionKind::kFp32, "fp32"},
    {PrecisionKind::kTf32, "tf32"},
    {PrecisionKind::kBf16, "bf16"}};
inline EnumNames<PrecisionKind> NamesOf(PrecisionKind) {
  return kPrecisionKindNames;
}

// kAuto: what was measured to be faster.
enum class ImageLayout { kAuto, kChannelsLast, kContiguous };
inline constexpr EnumName<ImageLayout> kImageLayoutNames[] = {
    {ImageLayout::kAuto, "auto"},
    {ImageLayout::kChannelsLast, "channels_last"},
    {ImageLayout::kContiguous, "contiguous"}};
inline EnumNames<ImageLayout> NamesOf(ImageLayout) { return kImageLayoutNames; }

struct DeviceSettings {
  DeviceKind device = DeviceKind::kAuto;
  bool no_cuda = false;  // upstream's name: device is the CPU
  PrecisionKind precision = PrecisionKind::kAuto;
  ImageLayout memory_format = ImageLayout::kAuto;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_DEVICE_SETTINGS_H_
