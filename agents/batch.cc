#include "agents/batch.h"

#include "core/tensor/staging.h"

namespace reprise {

void Batch::MakeLossTensors(at::Device device) {
  const at::Tensor host_labels = EmptyForDevice({size()}, at::kLong, device);
  const at::Tensor host_weights = EmptyForDevice({size()}, at::kFloat, device);
  for (int64_t i = 0; i < size(); ++i) {
    host_labels.data_ptr<int64_t>()[i] = samples[i].label;
    host_weights.data_ptr<float>()[i] = weights[i];
  }
  labels = ToDevice(host_labels, device);
  loss_weights = ToDevice(host_weights, device);
}

}  // namespace reprise
