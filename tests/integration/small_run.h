// Small training runs for comparisons over numbers of ranks: MNISTNet on a few
// generated images, with everything that a comparison looks at written down.
#ifndef REPRISE_TESTS_INTEGRATION_SMALL_RUN_H_
#define REPRISE_TESTS_INTEGRATION_SMALL_RUN_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "agents/agent.h"
#include "agents/training/training_loop.h"
#include "core/buffer/rehearsal_buffer.h"
#include "core/buffer/row_store.h"
#include "core/buffer/slot_directory.h"
#include "core/comm/communicator.h"
#include "core/device/testing/test_device.h"
#include "core/metrics/metric_sink.h"
#include "data/dataset.h"
#include "data/scenario/scenario.h"
#include "models/model.h"
#include "tests/integration/observed_agent.h"

namespace reprise {

// 400 training and 40 test images; sample i has label i mod 10.
const DatasetPair& SmallData();

// A task of the first `samples` training images of `classes`, and of all their
// test images.
TaskSpec SmallTask(std::vector<int64_t> classes, int64_t samples);

enum class Method { kBase, kNil, kIcarl };

enum class BufferKind {
  kOfEachRank,
  kOfEachRankAsynchronous,
  kShared,
  kSharedAsynchronous
};

// What an agent of a small run is made for.
struct AgentSizes {
  int64_t num_classes = 10;
  int64_t row_bytes = 0;
  // Of a step: this rank's part, and over all ranks.
  int64_t batch = 0, representatives = 0, candidates = 0;
  int64_t global_batch = 0, global_representatives = 0, global_candidates = 0;
  int64_t representatives_per_class = 0;
  uint64_t seed = 0;
  int rank = 0, world_size = 1;
  BufferKind buffer = BufferKind::kOfEachRank;
  Communicator* communicator = nullptr;  // nullptr: ranks one after the other
  // Where set: what MakeSmallBuffer makes is noted there.
  const RehearsalBuffer** made_buffer = nullptr;
};
using AgentFactory = std::function<std::unique_ptr<Agent>(const AgentSizes&)>;

// As sizes.buffer says, except that a reservoir is offered all that comes in.
std::unique_ptr<RehearsalBuffer> MakeSmallBuffer(
    const AgentSizes& sizes, BufferPolicy policy,
    std::unique_ptr<RowStore> device_rows = nullptr);

std::unique_ptr<Agent> MakeSmallNil(const AgentSizes& sizes);

// Sizes are those of all ranks, as in every comparison of numbers of ranks.
struct SmallRun {
  Method method = Method::kBase;
  AgentFactory make_agent;  // in place of the method's, where set
  at::ScalarType type = at::kFloat;
  at::Device device = TestDevice();
  std::vector<TaskSpec> tasks;
  // Its global_representatives (W R) are nil's.
  TrainingOptions training;
  int64_t global_candidates = 20;         // W C
  int64_t representatives_per_class = 4;  // N, of each buffer
  BufferKind buffer = BufferKind::kOfEachRank;
  // What the sink answers to a record ("OnStep", "OnTrainEpoch" ...); where not
  // set, OK.
  std::function<absl::Status(absl::string_view record)> answer;
  // Where set: the place (SmallRunResult::places) at which training is left,
  // its state saved, and gone on with by a new network and a new agent.
  std::optional<int64_t> leave_at;
  // Called before training, to set observers and to interfere; again for those
  // that go on.
  std::function<void(ObservedAgent& agent, Model& model, int rank)> prepare;
};

struct SmallRunResult {
  absl::Status status;
  std::unique_ptr<Model> model;  // as training left it
  // How many places training can be left at: before each of its steps and
  // stages.
  int64_t places = 0;
  // By step of the run: numerators summed over all ranks (of ranks on a device
  // each rank's own), in the master's layout; ids of the incoming samples and
  // of the representatives of a rank.
  std::vector<at::Tensor> gradients;
  std::vector<std::vector<int64_t>> incoming, drawn;
  std::vector<TrainEpochRecord> epochs;
  std::vector<TestRecord> tests;
  AgentReport report;  // of the rank's agent
  // RehearsalBuffer::ContentDigest of the rank's agent; of RunOnRanks, where
  // the agent has a buffer.
  uint64_t buffer_content = 0;
};

// Collective: the training loop over the ranks of `communicator`.
SmallRunResult RunOnRanks(const SmallRun& run, Communicator& communicator);

// The training loop on ranks that are threads: what each rank got.
std::vector<SmallRunResult> RunOnThreads(int world_size, const SmallRun& run);

// The training loop on one rank.
SmallRunResult RunAlone(const SmallRun& run);

// What `world_size` ranks would compute, written down anew without the training
// loop: one model, and for each step the ranks' parts one after the other,
// whose numerators and weights are summed. Draws and report are those of
// `rank`.
SmallRunResult RunSerially(const SmallRun& run, int world_size, int rank);

// |a - b| / |b|, 0 where both are 0.
double RelativeDistance(const at::Tensor& a, const at::Tensor& b);

// The largest of the distances of the parameters' parts of two flat tensors in
// the master's layout.
double LargestDistance(const at::Tensor& a, const at::Tensor& b,
                       const ParameterStore& layout);

}  // namespace reprise

#endif  // REPRISE_TESTS_INTEGRATION_SMALL_RUN_H_
