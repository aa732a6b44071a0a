#include "models/model.h"

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace reprise {

std::unique_ptr<Model> Model::Clone() const {
  std::unique_ptr<Model> clone = MakeAnother();
  clone->parameters().CopyFrom(parameters());
  clone->running_statistics().CopyFrom(running_statistics());
  return clone;
}

void Model::SaveState(const StateWriter& state) const {
  state.Put("channels_last",
            options_.memory_format == at::MemoryFormat::ChannelsLast);
  parameters_->SaveState(state.Scope("parameters"));
  running_statistics_->SaveState(state.Scope("running_statistics"));
}

absl::Status Model::LoadState(const StateReader& state) {
  // Flat vectors beside the parameters, an optimizer's, have their order.
  bool channels_last = false;
  REPRISE_RETURN_IF_ERROR(state.Get("channels_last", &channels_last));
  if (channels_last !=
      (options_.memory_format == at::MemoryFormat::ChannelsLast)) {
    return state.Error(absl::StrCat(
        "channels_last: expected this network's memory format, found ",
        channels_last ? "channels last" : "contiguous",
        "; choose it by --memory-format"));
  }
  REPRISE_RETURN_IF_ERROR(parameters_->LoadState(state.Scope("parameters")));
  return running_statistics_->LoadState(state.Scope("running_statistics"));
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
