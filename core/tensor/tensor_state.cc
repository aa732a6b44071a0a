#include "core/tensor/tensor_state.h"

#include <ATen/ops/empty.h>

#include "core/base/status.h"
#include "core/tensor/torch_dtype.h"

namespace reprise {

void PutTensor(const StateWriter& state, absl::string_view name,
               const at::Tensor& tensor) {
  const at::Tensor host = tensor.detach().to(at::kCPU).contiguous();
  state.PutArray(name, DTypeOf(host.scalar_type()), host.sizes().vec(),
                 host.data_ptr());
}

absl::Status GetTensor(const StateReader& state, absl::string_view name,
                       const at::Tensor& tensor) {
  const at::Tensor host = at::empty(
      tensor.sizes(), at::TensorOptions(at::kCPU).dtype(tensor.scalar_type()));
  REPRISE_RETURN_IF_ERROR(state.GetArray(name, DTypeOf(host.scalar_type()),
                                         host.sizes().vec(), host.data_ptr()));
  tensor.detach().copy_(host);
  return absl::OkStatus();
}

}  // namespace reprise
