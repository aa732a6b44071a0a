// libFuzzer's entry for the reader of CIFAR-10's Python layout:
//   clang++ -fsanitize=fuzzer,address ... links it to a fuzzer; replay.cc runs
//   its corpus in an ordinary test.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/base/status.h"
#include "data/cifar10/cifar_batch.h"
#include "data/cifar10/cifar_pickle.h"

// An error that says where, or a batch whose every record lies in the content.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto batch = reprise::ParseCifarPickle(
      std::string(reinterpret_cast<const char*>(data), size), "input");
  if (!batch.ok()) {
    REPRISE_CHECK(reprise::ExitCodeOf(batch.status()) ==
                  reprise::ExitCode::kData)
        << batch.status().ToString();
    return 0;
  }
  REPRISE_CHECK(!batch->labels.empty() &&
                batch->stride == reprise::kCifarRowBytes &&
                batch->first + batch->labels.size() * batch->stride <=
                    batch->content.size())
      << "records outside of the content";
  for (const uint8_t label : batch->labels) {
    REPRISE_CHECK(label < reprise::kCifarClasses) << "label " << label;
  }
  return 0;
}
