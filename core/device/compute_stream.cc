#include "core/device/compute_stream.h"

#include <c10/core/Stream.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

namespace reprise {

void* ComputeStream(c10::Device device) {
  if (!c10::impl::hasDeviceGuardImpl(device.type())) return nullptr;
  return c10::impl::getDeviceGuardImpl(device.type())
      ->getStream(device)
      .native_handle();
}

}  // namespace reprise
