#include "tests/integration/small_run.h"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "agents/base/base_agent.h"
#include "agents/icarl/icarl_agent.h"
#include "agents/nil/nil_agent.h"
#include "agents/training/batch_input.h"
#include "agents/training/gradient_step.h"
#include "core/base/check.h"
#include "core/base/slices.h"
#include "core/base/status.h"
#include "core/comm/gradients/parameter_layout.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/tensor/optimizer.h"
#include "data/sharded_sampler.h"
#include "data/synthetic/mnist_like.h"
#include "models/mnistnet.h"

namespace reprise {
namespace {

bool IsShared(BufferKind buffer) {
  return buffer == BufferKind::kShared ||
         buffer == BufferKind::kSharedAsynchronous;
}

std::unique_ptr<Model> NewModel(const SmallRun& run) {
  // Ranks share the cores; also, sums must not depend on how many there are.
  at::set_num_threads(1);
  ModelOptions options;
  options.device = run.device;
  options.master_type = options.compute_type = run.type;
  std::unique_ptr<Model> model = MakeMnistNet(options);
  model->parameters().Initialize(run.training.seed);
  return model;
}

// `communicator`: nullptr where the ranks run one after the other.
std::unique_ptr<Agent> NewAgent(const SmallRun& run, int rank, int world_size,
                                Communicator* communicator,
                                const RehearsalBuffer** made_buffer = nullptr) {
  AgentSizes sizes;
  sizes.num_classes = SmallData().train->num_classes;
  sizes.row_bytes = SmallData().train->format.row_bytes();
  sizes.global_batch = run.training.global_batch_size;
  sizes.global_representatives = run.training.global_representatives;
  sizes.global_candidates = run.global_candidates;
  sizes.batch = SliceSize(sizes.global_batch, rank, world_size);
  sizes.representatives =
      SliceSize(sizes.global_representatives, rank, world_size);
  sizes.candidates = SliceSize(sizes.global_candidates, rank, world_size);
  sizes.buffer = run.buffer;
  sizes.communicator = communicator;
  sizes.made_buffer = made_buffer;
  sizes.representatives_per_class = run.representatives_per_class;
  sizes.seed = run.training.seed;
  sizes.rank = rank;
  sizes.world_size = world_size;
  if (run.make_agent) return run.make_agent(sizes);
  switch (run.method) {
    case Method::kBase:
      return MakeBaseAgent();
    case Method::kNil:
      return MakeSmallNil(sizes);
    case Method::kIcarl:
      return MakeIcarlAgent(
          {sizes.num_classes, sizes.representatives_per_class});
  }
  return nullptr;
}

std::vector<int64_t> Ids(const Batch& batch, int64_t begin, int64_t end) {
  std::vector<int64_t> ids;
  for (int64_t i = begin; i < end; ++i) ids.push_back(batch.samples[i].id);
  return ids;
}

void Note(const Batch& batch, SmallRunResult& result) {
  result.incoming.push_back(Ids(batch, 0, batch.incoming));
  result.drawn.push_back(Ids(batch, batch.incoming, batch.size()));
}

class NotingSink final : public MetricSink {
 public:
  NotingSink(const SmallRun& run, SmallRunResult* result)
      : run_(run), result_(result) {}
  absl::Status OnStep(const StepRecord&) override { return Answer("OnStep"); }
  absl::Status OnTrainEpoch(const TrainEpochRecord& record) override {
    result_->epochs.push_back(record);
    return Answer("OnTrainEpoch");
  }
  absl::Status OnTest(const TestRecord& record) override {
    result_->tests.push_back(record);
    return Answer("OnTest");
  }
  absl::Status OnTaskEnd(const TaskRecord&) override {
    return Answer("OnTaskEnd");
  }
  absl::Status OnRunEnd(const RunEnd&) override { return Answer("OnRunEnd"); }

 private:
  absl::Status Answer(absl::string_view record) const {
    return run_.answer ? run_.answer(record) : absl::OkStatus();
  }

  const SmallRun& run_;
  SmallRunResult* const result_;
};

}  // namespace

std::unique_ptr<RehearsalBuffer> MakeSmallBuffer(
    const AgentSizes& sizes, BufferPolicy policy,
    std::unique_ptr<RowStore> device_rows) {
  const bool shared = IsShared(sizes.buffer);
  REPRISE_CHECK(!shared || sizes.communicator != nullptr)
      << "a shared buffer needs ranks that run at once";
  RehearsalBufferOptions options;
  options.policy = policy;
  options.num_classes = sizes.num_classes;
  options.capacity_per_class =
      sizes.representatives_per_class * (shared ? 1 : sizes.world_size);
  options.row_bytes = sizes.row_bytes;
  options.candidates = sizes.global_candidates;
  if (policy == BufferPolicy::kReservoir) options.candidates = std::nullopt;
  options.representatives = sizes.global_representatives;
  options.asynchronous = sizes.buffer == BufferKind::kSharedAsynchronous ||
                         sizes.buffer == BufferKind::kOfEachRankAsynchronous;
  options.seed = sizes.seed;
  auto buffer = std::make_unique<RehearsalBuffer>(
      shared ? options : options.OfRank(sizes.rank, sizes.world_size),
      shared ? sizes.communicator : nullptr, std::move(device_rows));
  if (sizes.made_buffer != nullptr) *sizes.made_buffer = buffer.get();
  return buffer;
}

std::unique_ptr<Agent> MakeSmallNil(const AgentSizes& sizes) {
  const bool shared = IsShared(sizes.buffer);
  NilOptions options;
  options.batch_size = shared ? sizes.global_batch : sizes.batch;
  options.candidates = shared ? sizes.global_candidates : sizes.candidates;
  return MakeNilAgent(options,
                      MakeSmallBuffer(sizes, BufferPolicy::kClassBalanced));
}

const DatasetPair& SmallData() {
  static const DatasetPair* const data =
      new DatasetPair(GenerateMnistLike(/*seed=*/7, /*train_per_class=*/40,
                                        /*test_per_class=*/4));
  return *data;
}

TaskSpec SmallTask(std::vector<int64_t> classes, int64_t samples) {
  auto rows_of = [&](const Dataset& dataset, int64_t most) {
    std::vector<int64_t> rows;
    for (int64_t i = 0; i < dataset.size(); ++i) {
      const bool belongs = std::find(classes.begin(), classes.end(),
                                     dataset.labels[i]) != classes.end();
      if (belongs && static_cast<int64_t>(rows.size()) < most) {
        rows.push_back(i);
      }
    }
    return rows;
  };
  TaskSpec task;
  task.train_indices = rows_of(*SmallData().train, samples);
  task.test_indices = rows_of(*SmallData().test, SmallData().test->size());
  task.classes = task.new_classes = classes;
  REPRISE_CHECK(static_cast<int64_t>(task.train_indices.size()) == samples)
      << "only " << task.train_indices.size() << " samples of the classes";
  return task;
}

SmallRunResult RunOnRanks(const SmallRun& run, Communicator& communicator) {
  SmallRunResult result;
  const RehearsalBuffer* buffer = nullptr;
  std::unique_ptr<ObservedAgent> agent;
  NotingSink sink(run, &result);
  State state;  // of the run that was left
  // With a network and an agent of its own, to the end or to where it leaves.
  const auto train = [&]() -> absl::Status {
    result.model = NewModel(run);
    agent = std::make_unique<ObservedAgent>(NewAgent(run, communicator.rank(),
                                                     communicator.world_size(),
                                                     &communicator, &buffer));
    if (run.prepare) run.prepare(*agent, *result.model, communicator.rank());
    agent->after_step = [&,
                         after_step = agent->after_step](const Batch& batch) {
      result.gradients.push_back(
          result.model->parameters().gradients().clone());
      Note(batch, result);
      if (after_step) after_step(batch);
    };
    REPRISE_ASSIGN_OR_RETURN(
        const std::unique_ptr<TrainingLoop> loop,
        TrainingLoop::Create({run.training, SmallData(), run.tasks,
                              *result.model, *agent, communicator, sink}));
    const bool goes_on = !state.empty();
    if (goes_on) {
      const StateReader reader(&state);
      REPRISE_RETURN_IF_ERROR(loop->LoadState(reader));
      REPRISE_RETURN_IF_ERROR(reader.CheckAllRead());
      state.clear();
    }
    REPRISE_RETURN_IF_ERROR(loop->Run([&](const RunState&) {
      if (!goes_on && result.places == run.leave_at) return true;
      ++result.places;
      return false;
    }));
    return loop->state().stage == Stage::kDone
               ? absl::OkStatus()
               : loop->SaveState(StateWriter(&state));
  };
  result.status = train();
  if (result.status.ok() && !state.empty()) result.status = train();
  result.report = agent->Report();
  if (buffer != nullptr && result.status.ok()) {
    const absl::StatusOr<uint64_t> content = buffer->ContentDigest();
    result.status = content.status();
    result.buffer_content = content.value_or(0);
  }
  return result;
}

std::vector<SmallRunResult> RunOnThreads(int world_size, const SmallRun& run) {
  std::vector<SmallRunResult> results(world_size);
  RunRanksAsThreads(world_size, [&](Communicator& communicator) {
    results[communicator.rank()] = RunOnRanks(run, communicator);
  });
  return results;
}

SmallRunResult RunAlone(const SmallRun& run) {
  return std::move(RunOnThreads(1, run)[0]);
}

SmallRunResult RunSerially(const SmallRun& run, int world_size, int rank) {
  const TrainingOptions& training = run.training;
  SmallRunResult result;
  result.model = NewModel(run);
  ParameterStore& parameters = result.model->parameters();
  const BatchInput input(SmallData().train->format);
  const double scale = NumeratorScale(training);
  std::vector<std::unique_ptr<Agent>> agents;
  for (int r = 0; r < world_size; ++r) {
    agents.push_back(NewAgent(run, r, world_size, nullptr));
  }
  Optimizer optimizer(parameters.master());
  for (size_t t = 0; t < run.tasks.size(); ++t) {
    const std::vector<int64_t>& rows = run.tasks[t].train_indices;
    const int64_t task = static_cast<int64_t>(t);
    optimizer.Reset();
    int64_t step_of_task = 0;
    for (int64_t epoch = 0; epoch < training.epochs; ++epoch) {
      std::vector<ShardedSampler> samplers;
      for (int r = 0; r < world_size; ++r) {
        samplers.emplace_back(ShardedSamplerOptions{
            training.seed, static_cast<int64_t>(rows.size()),
            training.global_batch_size, r, world_size, training.shard});
        samplers.back().StartEpoch(task, epoch);
      }
      for (int64_t s = 0; s < samplers[0].steps_per_epoch(); ++s) {
        std::vector<Batch> batches(world_size);
        at::Tensor sums = at::zeros_like(parameters.master());
        double weight_sum = 0;
        for (int r = 0; r < world_size; ++r) {
          Batch& batch = batches[r];
          const LocalSamples local = samplers[r].LocalBatch(s);
          batch.task = task;
          batch.step_of_task = step_of_task;
          batch.epoch = epoch;
          batch.step_of_epoch = s;
          batch.incoming = static_cast<int64_t>(local.indices.size());
          batch.global_incoming = local.of_all_ranks;
          batch.global_batch_size = training.global_batch_size;
          batch.first_appended_position =
              training.global_batch_size +
              SliceBegin(training.global_representatives, r, world_size);
          for (int64_t i = 0; i < batch.incoming; ++i) {
            batch.Append(SmallData().train->At(rows[local.indices[i]]), 1.0f,
                         local.positions[i]);
          }
          result.status.Update(agents[r]->AugmentBatch(batch));
          if (batch.size() == 0) continue;
          for (const float weight : batch.weights) weight_sum += weight;
          ForwardContext context;
          context.training = true;
          context.dropout = {training.seed, static_cast<uint32_t>(t),
                             static_cast<uint32_t>(step_of_task)};
          context.positions = &batch.positions;
          batch.input = input.Make(batch.samples, run.type, run.device);
          batch.MakeLossTensors(run.device);
          const ModelOutput output =
              result.model->Forward(batch.input, context);
          const absl::StatusOr<LossResult> loss =
              agents[r]->Loss(output, batch);
          result.status.Update(loss.status());
          if (!loss.ok()) return result;
          parameters.BeginBackward();
          output.logits.backward(loss->logits_gradient.mul(scale));
          parameters.FinishBackward();
          sums.add_(parameters.gradients());
        }
        optimizer.Step(
            training.regime.At(
                {epoch, s, samplers[0].steps_per_epoch(), training.epochs}),
            1 / (scale * weight_sum), sums);
        parameters.RefreshLeaves();
        for (int r = 0; r < world_size; ++r) {
          result.status.Update(agents[r]->OnStepEnd(batches[r]));
        }
        result.gradients.push_back(sums);
        Note(batches[rank], result);
        ++step_of_task;
      }
    }
    // Takes in what the last step left under way.
    for (const std::unique_ptr<Agent>& agent : agents) {
      result.status.Update(
          agent->OnTaskEnd({task, run.tasks[t], *SmallData().train,
                            /*features=*/nullptr,
                            /*snapshot=*/nullptr}));
    }
  }
  result.report = agents[rank]->Report();
  return result;
}

double RelativeDistance(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor wide_a = a.to(at::kCPU, at::kDouble);
  const at::Tensor wide_b = b.to(at::kCPU, at::kDouble);
  const double difference = wide_a.sub(wide_b).norm().item<double>();
  const double norm = wide_b.norm().item<double>();
  return difference == 0 ? 0 : difference / norm;
}

double LargestDistance(const at::Tensor& a, const at::Tensor& b,
                       const ParameterStore& parameters) {
  const ParameterLayout& layout = parameters.layout();
  double largest = 0;
  for (int64_t p = 0; p < layout.num_parameters(); ++p) {
    const int64_t offset = layout.offset(p), size = layout.size(p);
    largest = std::max(largest, RelativeDistance(a.narrow(0, offset, size),
                                                 b.narrow(0, offset, size)));
  }
  return largest;
}

}  // namespace reprise
