#include "models/model.h"

namespace reprise {

std::unique_ptr<Model> Model::Clone() const {
  std::unique_ptr<Model> clone = MakeAnother();
  clone->parameters().CopyFrom(parameters());
  clone->running_statistics().CopyFrom(running_statistics());
  return clone;
}

at::Tensor Model::InMemoryFormat(const at::Tensor& inputs) const {
  const at::Tensor x = inputs.contiguous(options_.memory_format);
  // With one channel (or pixel) x is in both formats, and LibTorch takes the
  // one that the strides look like.
  const int64_t channels = x.size(1), height = x.size(2), width = x.size(3);
  const int64_t plane = height * width;
  return options_.memory_format == at::MemoryFormat::ChannelsLast
             ? x.as_strided(x.sizes(),
                            {channels * plane, 1, channels * width, channels})
             : x.as_strided(x.sizes(), {channels * plane, plane, width, 1});
}

}  // namespace reprise
