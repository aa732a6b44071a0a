#include "launch/monitoring/points/measurement_table.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/metrics/record_fields.h"

namespace reprise {
namespace {

// What an agent reports has names but neither units nor meanings in the schema
// (AgentReport); docs/METRICS.md has them.
const std::vector<PointField>& FieldsByClass() {
  static const std::vector<PointField>& fields = *new std::vector<PointField>{
      {"class_weight", "", "weight of the class's representatives (NIL)"},
      {"class_count", "samples", "candidates of the class ever offered"},
      {"stored", "samples", "representatives of the class, of all ranks"},
      {"unique", "samples", "different samples among those stored"},
      {"exemplars", "samples", "exemplars of the class (iCaRL)"},
  };
  return fields;
}

const std::vector<PointField>& FieldsByRank() {
  static const std::vector<PointField>& fields = *new std::vector<PointField>{
      {"stored", "samples", "representatives on the rank"},
      {"unique", "samples", "different samples among those stored"},
  };
  return fields;
}

const std::vector<PointField>& AgentScalars() {
  static const std::vector<PointField>& fields = *new std::vector<PointField>{
      {"buffer_bytes", "bytes", "of all rows of the buffer"},
      {"mean_age_steps", "steps",
       "of a representative since it came in, on average"},
      {"exchange_bytes", "bytes", "sent by rank 0 for rehearsal so far"},
  };
  return fields;
}

std::vector<std::string> TagsOfRun() {
  return {"run", "experiment", "agent", "model", "dataset", "world_size"};
}

// Fields of a record that its points carry as tags, so that queries can group
// by them.
bool IsTag(absl::string_view field) {
  for (const char* tag : {"task", "test_task", "head"}) {
    if (field == tag) return true;
  }
  const std::vector<std::string> of_run = TagsOfRun();
  return std::find(of_run.begin(), of_run.end(), field) != of_run.end();
}

// Adds a field of a record as the points have it.
struct FieldAdder {
  Measurement* measurement;

  template <typename Value>
  void operator()(const RecordField& field, const Value&) const {
    if constexpr (std::is_same_v<Value, PhaseSeconds>) {
      ForEachPhase(PhaseSeconds{}, [&](const char* phase, double) {
        measurement->fields.push_back(
            {absl::StrCat("phase_", phase, "_seconds"), field.unit,
             absl::StrCat("time in phase ", phase, ", of rank 0")});
      });
    } else if constexpr (std::is_same_v<Value, AgentReport>) {
      const std::vector<PointField>& scalars = AgentScalars();
      measurement->fields.insert(measurement->fields.end(), scalars.begin(),
                                 scalars.end());
    } else if constexpr (std::is_same_v<Value,
                                        std::optional<ConfusionCounts>>) {
      // Points hold single values: confusion counts stay in metrics.jsonl.
    } else if (IsTag(field.name)) {
      if (!measurement->HasTag(field.name)) {
        measurement->tags.push_back(field.name);
      }
    } else {
      measurement->fields.push_back({field.name, field.unit, field.meaning});
    }
  }
};

std::vector<Measurement> MakeRunMeasurements() {
  std::vector<Measurement> measurements;
  ForEachKind([&](const auto& record) {
    Measurement measurement{
        absl::StrCat("reprise_", RecordKind(record)), TagsOfRun(), {}};
    ForEachField(record, FieldAdder{&measurement});
    measurements.push_back(std::move(measurement));
  });
  for (const auto& [tag, fields] : {std::make_pair("class", FieldsByClass()),
                                    std::make_pair("rank", FieldsByRank())}) {
    Measurement measurement{absl::StrCat("reprise_", tag), TagsOfRun(), fields};
    measurement.tags.push_back(tag);
    measurement.tags.push_back("task");
    measurements.push_back(std::move(measurement));
  }
  return measurements;
}

}  // namespace

bool Measurement::HasTag(absl::string_view tag) const {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

const PointField* Measurement::FindField(absl::string_view field) const {
  for (const PointField& candidate : fields) {
    if (candidate.name == field) return &candidate;
  }
  return nullptr;
}

const PointField& Measurement::FieldNamed(absl::string_view field) const {
  const PointField* found = FindField(field);
  REPRISE_CHECK(found != nullptr) << "no field '" << field << "' in " << name;
  return *found;
}

const std::vector<Measurement>& RunMeasurements() {
  static const std::vector<Measurement>& measurements =
      *new std::vector<Measurement>(MakeRunMeasurements());
  return measurements;
}

const std::vector<Measurement>& HostMeasurements() {
  static const std::vector<Measurement>& measurements =
      *new std::vector<Measurement>{
          {"cpu",
           {"host", "cpu"},
           {{"usage_user", "percent", "of the time, in user mode"},
            {"usage_system", "percent", "of the time, in the kernel"},
            {"usage_iowait", "percent", "of the time, waiting for storage"},
            {"usage_idle", "percent", "of the time, idle"}}},
          {"mem",
           {"host"},
           {{"used", "bytes", "memory in use"},
            {"available", "bytes", "memory that programs can still take"},
            {"used_percent", "percent", "memory in use"}}},
          {"net",
           {"host", "interface"},
           {{"bytes_sent", "bytes", "sent since the host's start"},
            {"bytes_recv", "bytes", "received since the host's start"},
            {"drop_in", "", "packets dropped on the way in"},
            {"drop_out", "", "packets dropped on the way out"},
            {"err_in", "", "packets received with errors"},
            {"err_out", "", "packets not sent for errors"}}},
          {"disk",
           {"host", "path", "device", "fstype", "mode"},
           {{"used_percent", "percent", "of the file system in use"},
            {"free", "bytes", "of the file system"}}},
          {"system",
           {"host"},
           {{"load1", "", "processes that run or wait, over a minute"},
            {"n_cpus", "", "logical processors"}}},
          {"infiniband",
           {"host", "device", "port"},
           {{"port_rcv_data", "words", "received, in words of four bytes"},
            {"port_xmit_data", "words", "sent, in words of four bytes"},
            {"port_xmit_wait", "", "ticks with data and no credit to send"},
            {"port_rcv_errors", "", "packets received with errors"},
            {"symbol_error", "", "errors of the physical link"}}},
          {"nvidia_smi",
           {"host", "index", "name", "uuid", "pstate", "compute_mode"},
           {{"utilization_gpu", "percent", "of the time a kernel was running"},
            {"utilization_memory", "percent",
             "of the time memory was read or written"},
            {"memory_used", "MiB", "device memory in use"},
            {"memory_total", "MiB", "device memory"},
            {"temperature_gpu", "celsius", "of the chip"},
            {"power_draw", "watts", "of the board"}}},
      };
  return measurements;
}

const Measurement& MeasurementNamed(absl::string_view name) {
  for (const auto* table : {&RunMeasurements(), &HostMeasurements()}) {
    for (const Measurement& measurement : *table) {
      if (measurement.name == name) return measurement;
    }
  }
  REPRISE_CHECK(false) << "no measurement '" << name << "'";
  std::abort();  // not reached
}

}  // namespace reprise
