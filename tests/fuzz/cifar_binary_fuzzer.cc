// libFuzzer's entry for the reader of CIFAR-10's binary layout; see
// cifar_pickle_fuzzer.cc.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/base/status.h"
#include "data/cifar10/cifar_batch.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto batch = reprise::ParseCifarBinary(
      std::string(reinterpret_cast<const char*>(data), size), "input");
  if (!batch.ok()) {
    REPRISE_CHECK(reprise::ExitCodeOf(batch.status()) ==
                  reprise::ExitCode::kData)
        << batch.status().ToString();
    return 0;
  }
  REPRISE_CHECK(batch->labels.size() * 3073 == size) << "records missing";
  return 0;
}
