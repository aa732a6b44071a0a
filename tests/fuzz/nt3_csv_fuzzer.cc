// libFuzzer's entry for the reader of NT3's CSV; see cifar_pickle_fuzzer.cc.
// Whatever the text, every kernel, size of block and number of threads has the
// same rows or the same error as the reference.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/check.h"
#include "core/base/status.h"
#include "data/candle/nt3_csv.h"
#include "data/candle/nt3_fields.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using reprise::Nt3Kernel;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  reprise::Nt3CsvOptions options;
  options.features = 12;
  options.kernel = Nt3Kernel::kPortable;
  const absl::StatusOr<reprise::Nt3Rows> expected =
      reprise::ReadNt3Text(text, "input", options);
  if (!expected.ok()) {
    REPRISE_CHECK(reprise::ExitCodeOf(expected.status()) ==
                  reprise::ExitCode::kData)
        << expected.status().ToString();
  }
  for (const Nt3Kernel kernel :
       {Nt3Kernel::kPortable, Nt3Kernel::kAvx2, Nt3Kernel::kAvx512}) {
    if (!reprise::HasNt3Kernel(kernel)) continue;
    // Cuts the fields of each input somewhere else.
    options.block_bytes = 5 + static_cast<int64_t>(size % 96);
    options.kernel = kernel;
    // Starting threads takes longer than all the rest.
    options.threads = kernel == Nt3Kernel::kPortable && size % 8 == 0 ? 2 : 1;
    const absl::StatusOr<reprise::Nt3Rows> rows =
        reprise::ReadNt3Text(text, "input", options);
    REPRISE_CHECK(rows.status() == expected.status())
        << rows.status().ToString() << " and " << expected.status().ToString();
    if (!rows.ok()) continue;
    REPRISE_CHECK(rows->labels == expected->labels) << "labels differ";
    REPRISE_CHECK(std::memcmp(rows->rows.get(), expected->rows.get(),
                              rows->labels.size() * 12 * sizeof(float)) == 0)
        << "rows differ";
  }
  return 0;
}
