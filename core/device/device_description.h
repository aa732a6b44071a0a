// A device in words, for the user and run.json.
#ifndef REPRISE_CORE_DEVICE_DEVICE_DESCRIPTION_H_
#define REPRISE_CORE_DEVICE_DEVICE_DESCRIPTION_H_

#include <c10/core/Device.h>

#include <string>

namespace reprise {

// "cpu (AVX-512 BF16)", "cpu (AVX2, limited by the environment)", "cuda:0
// (NVIDIA H200)"; without what is not known.
std::string DescribeDevice(c10::Device device);

}  // namespace reprise

#endif  // REPRISE_CORE_DEVICE_DEVICE_DESCRIPTION_H_
