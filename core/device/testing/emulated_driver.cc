// A libcuda.so.1 that acts out what its environment says, for tests of what is
// told to users on machines without a GPU. It computes nothing: LibTorch, which
// needs far more of it, finds no device behind it.
//
//   EMULATED_CUDA_INIT     what cuInit returns; 0
//   EMULATED_CUDA_VERSION  of cuDriverGetVersion; 13000
//   EMULATED_CUDA_GPUS     "PCI ID,CAPABILITY,NAME;..."; none
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

std::string Variable(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// Part 0 to 2 of a GPU, see above; empty if there is none.
std::string PartOfGpu(int number, size_t part) {
  const auto gpus = Split(Variable("EMULATED_CUDA_GPUS", ""), ';');
  if (number < 0 || number >= static_cast<int>(gpus.size())) return "";
  return Split(gpus[number], ',').at(part);
}

int Fill(char* into, int size, const std::string& text) {
  std::snprintf(into, size, "%s", text.c_str());
  return 0;
}

}  // namespace

extern "C" {

int cuInit(unsigned) { return std::stoi(Variable("EMULATED_CUDA_INIT", "0")); }

int cuDriverGetVersion(int* version) {
  *version = std::stoi(Variable("EMULATED_CUDA_VERSION", "13000"));
  return 0;
}

int cuDeviceGetCount(int* count) {
  *count =
      static_cast<int>(Split(Variable("EMULATED_CUDA_GPUS", ""), ';').size());
  return 0;
}

int cuDeviceGet(int* handle, int number) {
  *handle = number;
  return PartOfGpu(number, 0).empty() ? 101 : 0;
}

int cuDeviceGetName(char* name, int size, int handle) {
  return Fill(name, size, PartOfGpu(handle, 2));
}

int cuDeviceGetPCIBusId(char* id, int size, int handle) {
  return Fill(id, size, PartOfGpu(handle, 0));
}

int cuDeviceGetAttribute(int* value, int attribute, int handle) {
  const int capability = std::stoi(PartOfGpu(handle, 1));
  *value = attribute == 75 ? capability / 10 : capability % 10;
  return 0;
}

int cuGetErrorString(int error, const char** text) {
  *text =
      error == 100 ? "no CUDA-capable device is detected" : "an emulated error";
  return 0;
}

}  // extern "C"
