#include "core/metrics/tensorboard/event_messages.h"

#include "core/base/utf8.h"

namespace reprise {
namespace {

// Numbers of fields, by message.
namespace event {
enum { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5 };
}
namespace summary {
enum { kValue = 1 };
}
namespace value {
enum { kTag = 1, kSimpleValue = 2, kImage = 4, kTensor = 8, kMetadata = 9 };
}
namespace image {
enum { kHeight = 1, kWidth = 2, kColorspace = 3, kEncodedImage = 4 };
}
namespace metadata {
enum { kPluginData = 1, kDescription = 3, kDataClass = 4 };
}
namespace plugin_data {
enum { kPluginName = 1, kContent = 2 };
}
namespace tensor {
enum { kDtype = 1, kShape = 2, kStringVal = 8 };
}
namespace shape {
enum { kDim = 2 };
}
namespace dim {
enum { kSize = 1 };
}
namespace hparams_plugin {
enum { kVersion = 1, kExperiment = 2, kSessionStart = 3, kSessionEnd = 4 };
}
namespace experiment {
enum { kTimeCreated = 3, kHparamInfos = 4, kMetricInfos = 5 };
}
namespace hparam_info {
enum { kName = 1, kType = 4 };
}
namespace metric_info {
enum { kName = 1, kDisplayName = 3, kDescription = 4 };
}
namespace metric_name {
enum { kTag = 2 };
}
namespace session_start {
enum { kHparams = 1, kStartTime = 5 };
}
namespace session_end {
enum { kStatus = 1, kEndTime = 2 };
}
namespace map_entry {
enum { kKey = 1, kValue = 2 };
}
namespace struct_value {  // google.protobuf.Value
enum { kNumber = 2, kString = 3, kBool = 4 };
}

// Values of their enumerations.
enum DataClass { kScalarClass = 1, kTensorClass = 2 };
enum TensorType { kFloatType = 1, kStringType = 7 };
enum HparamType { kStringHparam = 1, kBoolHparam = 2, kFloat64Hparam = 3 };
constexpr int kStatusSuccess = 1;
constexpr int kRgb = 3;

WireMessage Metadata(absl::string_view plugin, absl::string_view content,
                     DataClass data_class) {
  WireMessage plugin_data;
  plugin_data.Bytes(plugin_data::kPluginName, plugin)
      .Bytes(plugin_data::kContent, content);
  WireMessage metadata;
  metadata.Message(metadata::kPluginData, plugin_data)
      .Integer(metadata::kDataClass, data_class);
  return metadata;
}

WireMessage TaggedValue(absl::string_view tag) {
  WireMessage value;
  value.Bytes(value::kTag, ReplaceInvalidUtf8(tag));
  return value;
}

HparamType TypeOf(const Hparam& hparam) {
  if (std::holds_alternative<bool>(hparam.value)) return kBoolHparam;
  return std::holds_alternative<double>(hparam.value) ? kFloat64Hparam
                                                      : kStringHparam;
}

WireMessage ValueOf(const Hparam& hparam) {
  WireMessage value;
  if (const bool* truth = std::get_if<bool>(&hparam.value)) {
    value.Integer(struct_value::kBool, *truth ? 1 : 0);
  } else if (const double* number = std::get_if<double>(&hparam.value)) {
    value.Double(struct_value::kNumber, *number);
  } else {
    value.Bytes(struct_value::kString,
                ReplaceInvalidUtf8(std::get<std::string>(hparam.value)));
  }
  return value;
}

// `field`: which of the three it is.
WireMessage HparamsContent(int field, const WireMessage& message) {
  WireMessage content;
  content.Integer(hparams_plugin::kVersion, 0).Message(field, message);
  return content;
}

}  // namespace

void SummaryMessage::AddScalar(absl::string_view tag, double value,
                               absl::string_view meaning) {
  WireMessage message = TaggedValue(tag);
  message.Float(value::kSimpleValue, static_cast<float>(value));
  if (!meaning.empty()) {
    WireMessage metadata = Metadata("scalars", "", kScalarClass);
    metadata.Bytes(metadata::kDescription, ReplaceInvalidUtf8(meaning));
    message.Message(value::kMetadata, metadata);
  }
  message_.Message(summary::kValue, message);
}

void SummaryMessage::AddImage(absl::string_view tag, const Picture& picture) {
  WireMessage image;
  image.Integer(image::kHeight, picture.height())
      .Integer(image::kWidth, picture.width())
      .Integer(image::kColorspace, kRgb)
      .Bytes(image::kEncodedImage, picture.Png());
  WireMessage message = TaggedValue(tag);
  message_.Message(summary::kValue, message.Message(value::kImage, image));
}

void SummaryMessage::AddText(absl::string_view tag,
                             absl::string_view markdown) {
  WireMessage scalar_shape, tensor;
  tensor.Integer(tensor::kDtype, kStringType)
      .Message(tensor::kShape, scalar_shape)
      .Bytes(tensor::kStringVal, ReplaceInvalidUtf8(markdown));
  WireMessage message = TaggedValue(tag);
  message.Message(value::kTensor, tensor)
      .Message(value::kMetadata, Metadata("text", "", kTensorClass));
  message_.Message(summary::kValue, message);
}

void SummaryMessage::AddHparams(absl::string_view tag,
                                const WireMessage& content) {
  // All is in the metadata; readers want a tensor all the same, as the plugin's
  // own writer has it: of no elements.
  WireMessage no_elements, shape, tensor;
  no_elements.Integer(dim::kSize, 0);
  shape.Message(shape::kDim, no_elements);
  tensor.Integer(tensor::kDtype, kFloatType).Message(tensor::kShape, shape);
  WireMessage message = TaggedValue(tag);
  message.Message(value::kTensor, tensor)
      .Message(value::kMetadata,
               Metadata("hparams", content.bytes(), kTensorClass));
  message_.Message(summary::kValue, message);
}

std::string VersionEvent(double unix_seconds) {
  WireMessage event;
  event.Double(event::kWallTime, unix_seconds)
      .Bytes(event::kFileVersion, "brain.Event:2");
  return event.bytes();
}

std::string SummaryEvent(double unix_seconds, int64_t step,
                         const SummaryMessage& summary) {
  WireMessage event;
  event.Double(event::kWallTime, unix_seconds)
      .Integer(event::kStep, step)
      .Message(event::kSummary, summary.message());
  return event.bytes();
}

WireMessage ExperimentContent(double unix_seconds,
                              const std::vector<Hparam>& hparams,
                              const std::vector<HparamMetric>& metrics) {
  WireMessage experiment;
  experiment.Double(experiment::kTimeCreated, unix_seconds);
  for (const Hparam& hparam : hparams) {
    WireMessage info;
    info.Bytes(hparam_info::kName, ReplaceInvalidUtf8(hparam.name))
        .Integer(hparam_info::kType, TypeOf(hparam));
    experiment.Message(experiment::kHparamInfos, info);
  }
  for (const HparamMetric& metric : metrics) {
    WireMessage name, info;
    name.Bytes(metric_name::kTag, metric.tag);
    info.Message(metric_info::kName, name)
        .Bytes(metric_info::kDisplayName, metric.name)
        .Bytes(metric_info::kDescription, metric.meaning);
    experiment.Message(experiment::kMetricInfos, info);
  }
  return HparamsContent(hparams_plugin::kExperiment, experiment);
}

WireMessage SessionStartContent(double unix_seconds,
                                const std::vector<Hparam>& hparams) {
  WireMessage session;
  for (const Hparam& hparam : hparams) {
    WireMessage entry;
    entry.Bytes(map_entry::kKey, ReplaceInvalidUtf8(hparam.name))
        .Message(map_entry::kValue, ValueOf(hparam));
    session.Message(session_start::kHparams, entry);
  }
  session.Double(session_start::kStartTime, unix_seconds);
  return HparamsContent(hparams_plugin::kSessionStart, session);
}

WireMessage SessionEndContent(double unix_seconds) {
  WireMessage session;
  session.Integer(session_end::kStatus, kStatusSuccess)
      .Double(session_end::kEndTime, unix_seconds);
  return HparamsContent(hparams_plugin::kSessionEnd, session);
}

}  // namespace reprise
