// The one fence between LibTorch's exceptions and Status: a public entry point
// that calls LibTorch runs its body inside CatchTorch.
#ifndef REPRISE_CORE_TENSOR_TORCH_STATUS_H_
#define REPRISE_CORE_TENSOR_TORCH_STATUS_H_

#include <exception>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace reprise {

// Runs `body`, which returns absl::Status; an exception becomes an internal
// error with the first line of its text (the rest is LibTorch's stack).
template <typename Body>
absl::Status CatchTorch(absl::string_view what, Body&& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    const std::string text = error.what();
    return absl::InternalError(
        absl::StrCat(what, ": ", text.substr(0, text.find('\n'))));
  }
}

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_TORCH_STATUS_H_
