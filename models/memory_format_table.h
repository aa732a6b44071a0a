// Which memory format of images and convolutions trains a network fastest:
// channels last (NHWC) or contiguous (NCHW), by a table that was measured
// before, never by trying: the formats differ by rounding, and the same seed
// must give the same bytes. docs/PROCESSORS.md has the figures.
#ifndef REPRISE_MODELS_MEMORY_FORMAT_TABLE_H_
#define REPRISE_MODELS_MEMORY_FORMAT_TABLE_H_

#include <c10/core/Device.h>
#include <c10/core/MemoryFormat.h>
#include <c10/core/ScalarType.h>

#include "absl/strings/string_view.h"
#include "core/base/processor.h"

namespace reprise {

struct MemoryFormatChoice {
  at::MemoryFormat format = at::MemoryFormat::Contiguous;
  // The table has this very combination.
  bool measured = false;
};

// For a model of that name (Model::name()) on `device`. What the table does not
// have, another network or another LibTorch than it was measured with, takes
// a rule: on CPUs channels last in bf16 and contiguous, PyTorch's default, in
// fp32; on other devices channels last. `family`: LibTorchProcessor().
MemoryFormatChoice FastestMemoryFormat(absl::string_view model,
                                       c10::Device device,
                                       ProcessorFamily family,
                                       c10::ScalarType compute_type,
                                       absl::string_view libtorch_version);
// The LibTorch that the table was measured with.
absl::string_view LibTorchOfMemoryFormats();
// The version that this program was built with.
absl::string_view LibTorchVersion();

// "channels_last", "contiguous".
absl::string_view NameOf(at::MemoryFormat format);

}  // namespace reprise

#endif  // REPRISE_MODELS_MEMORY_FORMAT_TABLE_H_
