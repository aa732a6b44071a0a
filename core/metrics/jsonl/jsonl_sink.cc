#include "core/metrics/jsonl/jsonl_sink.h"

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/metrics/jsonl/jsonl_reader.h"
#include "core/metrics/record_fields.h"
#include "core/metrics/record_json.h"
#include "nlohmann/json.hpp"

namespace reprise {

absl::StatusOr<std::unique_ptr<JsonlSink>> JsonlSink::Open(
    const std::string& path) {
  REPRISE_ASSIGN_OR_RETURN(AppendFile file, AppendFile::Open(path));
  REPRISE_ASSIGN_OR_RETURN(JsonlReader reader, JsonlReader::Open(path));
  while (true) {
    REPRISE_ASSIGN_OR_RETURN(const auto line, reader.NextLine());
    if (!line.has_value()) break;
    REPRISE_RETURN_IF_ERROR(reader.Parse(*line, reader.position()).status());
  }
  if (reader.cut_bytes() > 0) {
    REPRISE_RETURN_IF_ERROR(file.Truncate(reader.whole_bytes()));
  }
  return std::unique_ptr<JsonlSink>(new JsonlSink(std::move(file)));
}

template <typename Record>
absl::Status JsonlSink::Append(const Record& record) {
  using Json = nlohmann::ordered_json;
  Json line = {{kSchemaField.name, kJsonlSchema},
               {kRecordField.name, RecordKind(record)},
               {kRunField.name, run_id_}};
  Json timing = Json::object();
  AddFields(record, &line, &timing);
  timing[kUnixSecondsField.name] = record.unix_microseconds / 1e6;
  line["timing"] = std::move(timing);
  // A number that is not finite is dumped as null. `replace`: a folder name
  // need not be UTF-8.
  return file_.Append(absl::StrCat(
      line.dump(-1, ' ', false, Json::error_handler_t::replace), "\n"));
}

absl::Status JsonlSink::OnRunStart(const RunStart& run) {
  run_id_ = run.run_id;
  return Append(run);
}

absl::Status JsonlSink::OnStep(const StepRecord& step) { return Append(step); }

absl::Status JsonlSink::OnTrainEpoch(const TrainEpochRecord& epoch) {
  return Append(epoch);
}

absl::Status JsonlSink::OnTest(const TestRecord& test) { return Append(test); }

absl::Status JsonlSink::OnTaskEnd(const TaskRecord& task) {
  return Append(task);
}

absl::Status JsonlSink::OnRunEnd(const RunEnd& run) { return Append(run); }

}  // namespace reprise
