#include "core/base/cuda_functions.h"

#include <dlfcn.h>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace reprise {

std::string CudaFunctions::ErrorText(int result) const {
  const char* text = nullptr;
  if (cuGetErrorString(result, &text) != kCudaSuccess || text == nullptr) {
    text = "unknown error";
  }
  return absl::StrCat(text, " (CUDA error ", result, ")");
}

absl::StatusOr<CudaFunctions> LoadCudaFunctions(const char* library) {
  void* const handle = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
  if (handle == nullptr) {
    const char* const text = dlerror();
    return UsageError(text == nullptr ? "unknown error" : text);
  }
  CudaFunctions functions;
#define REPRISE_FIND(result, name, parameters) \
  functions.name = reinterpret_cast<result(*) parameters>(dlsym(handle, #name));
  REPRISE_CUDA_FUNCTIONS(REPRISE_FIND)
#undef REPRISE_FIND
  return functions;
}

}  // namespace reprise
