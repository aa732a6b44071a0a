// A device of LibTorch's whose memory the host cannot read: for tests without a
// GPU that must not mistake a device pointer for a host one, nor mix devices.
//
// It stands in LibTorch's place for such devices (PrivateUse1) and computes as
// the CPU does, bit by bit, on the autograd thread that a GPU would have. Its
// pointers lead to pages without access: whoever follows one in the host gets
// SIGSEGV. An operation with tensors of this device and of the CPU throws,
// except copies and as a GPU's would take them: indices, and scalars of no
// dimension.
#ifndef REPRISE_CORE_DEVICE_TESTING_PROTECTED_DEVICE_H_
#define REPRISE_CORE_DEVICE_TESTING_PROTECTED_DEVICE_H_

#include <c10/core/Device.h>

#include <cstdint>

namespace reprise {

// The device; makes it known to LibTorch at the first call, before any tensor
// of it.
c10::Device ProtectedDevice();

// How often so far the host has had to wait for the device, were it one that
// works behind the host's back: for values that come from there (copies,
// scalars, comparisons), and for copies to it that are not asked not to block.
int64_t SynchronisationsOfProtectedDevice();

}  // namespace reprise

#endif  // REPRISE_CORE_DEVICE_TESTING_PROTECTED_DEVICE_H_
