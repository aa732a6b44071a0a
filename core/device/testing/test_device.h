// The device that tests of what runs on any device use, by
// $REPRISE_TEST_DEVICE:
//   cpu        the default
//   cuda       the GPU (docs/GPU.md)
//   protected  one whose memory the host cannot read (protected_device.h)
// A program that links this loads LibTorch's CUDA half before its first test: a
// convolution on the CPU before that would disable CUDA for the process.
#ifndef REPRISE_CORE_DEVICE_TESTING_TEST_DEVICE_H_
#define REPRISE_CORE_DEVICE_TESTING_TEST_DEVICE_H_

#include <c10/core/Device.h>

namespace reprise {

// Where the device cannot be had, ends the program with exit code 1 and a line
// that says why: a test never passes on another device than the one asked for.
c10::Device TestDevice();

}  // namespace reprise

#endif  // REPRISE_CORE_DEVICE_TESTING_TEST_DEVICE_H_
