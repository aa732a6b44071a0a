// An experiment as data: what the command line, a config file and the presets
// resolve to, and what run_experiment.h executes. Nothing below launch sees it.
// Defaults are those written here; names, ranges and help text are in
// flag_table.cc.
#ifndef REPRISE_LAUNCH_SETTINGS_EXPERIMENT_H_
#define REPRISE_LAUNCH_SETTINGS_EXPERIMENT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agents/regime/regime.h"

namespace reprise {

struct TasksetsConfig {
  std::string scenario = "class";  // "class" | "instance"
  int64_t initial_increment = 0;   // classes of the first task; 0 = increment
  int64_t increment = 0;           // classes of each later task; 0 = one task
  int64_t num_tasks = 5;           // scenario "instance"
  bool concatenate_tasksets = false;
  std::vector<int64_t> class_order;          // empty: 0, 1, 2, ...
  std::optional<uint64_t> class_order_seed;  // 'class_order': an int
};

struct AgentConfig {
  int64_t num_representatives = 6000;  // N, per class; see `capacity`
  int64_t num_candidates = 20;         // C, per step and rank
  std::optional<int64_t> num_samples;  // R, per step and rank; default C
  bool reset_state_dict = false;
  std::string implementation;  // "" | "upstream"
};

struct ModelConfig {
  int64_t depth = 34;
  std::optional<int64_t> width;
  std::string variant;
};

struct ExperimentSpec {
  std::string experiment = "reprise";  // the target's name
  std::string dataset = "mnist";
  std::string dataset_dir;  // empty: the documented search
  TasksetsConfig tasksets;
  std::string agent = "base";
  AgentConfig agent_config;
  std::string model = "mnistnet";
  ModelConfig model_config;
  int64_t batch_size = 64;                        // B, per rank
  std::optional<int64_t> global_batch_size;       // W * B
  std::optional<int64_t> global_representatives;  // W * R
  std::optional<int64_t> global_candidates;       // W * C
  int64_t eval_batch_size = -1;                   // -1: as batch_size
  int64_t batches_per_allreduce = 1;              // N: a step has N * W * B
  int64_t epochs = 10;                            // per task
  bool evaluate = true;
  std::string optimizer = "SGD";  // RMSprop, Adam, AdamW, Adagrad
  double lr = 0.01;
  double momentum = 0.5;
  double weight_decay = 0.0;
  bool nesterov = false;
  std::string regime = "none";  // none | cifar | upstream | a list
  // What `regime` stands for; an absolute rate is still one rank's.
  std::vector<RegimePhase> regime_phases;
  // Epochs from lr to the scaled lr; default 5 where linear scaling raises it.
  std::optional<int64_t> warmup_epochs;
  std::string augment = "none";       // none | standard
  std::string profile = "default";    // default | upstream
  std::string preset = "none";        // none | 2022-01 | 2022-02
  std::string lr_scaling = "linear";  // "linear" | "none"
  // Of agents with a rehearsal buffer (nil, er).
  std::string buffer = "distributed";  // distributed | local
  std::string rehearsal = "async";     // async | sync
  std::string buffer_memory = "host";  // host | device
  std::string capacity = "global";     // global | per-rank
  uint64_t seed = 42;
  int64_t log_interval = 10;
  bool shard = false;
  std::string results_dir = "./results";
  std::string save_dir;                // empty: a timestamp
  std::string device = "auto";         // auto | cpu | cuda
  std::string precision = "auto";      // auto | fp32 | tf32 | bf16
  std::string memory_format = "auto";  // auto | channels_last | contiguous
  bool scratch = false;  // concatenated tasksets, reset, and no rehearsal
  // Whether earlier samples are trained on again: not in the baseline, whatever
  // the agent, nor in plain fine-tuning.
  bool Rehearses() const { return !scratch && agent != "base"; }
  bool HasBuffer() const {
    return Rehearses() && (agent == "nil" || agent == "er");
  }
  // Whether batches hold more than what comes in. The exemplars of the paper's
  // iCaRL come in with the epoch.
  bool AppendsToBatches() const {
    return Rehearses() &&
           (agent != "icarl" || agent_config.implementation == "upstream");
  }
  bool quick = false;
  int64_t max_steps_per_epoch = 0;  // 0: no limit
  // Limits set by --quick; 0: none.
  int64_t max_train_samples_per_task = 0;
  int64_t max_test_samples_per_task = 0;
  int64_t bucket_bytes = int64_t{4} << 20;
  std::string compression = "none";  // none | fp16 | bf16
  bool fp16_allreduce = false;       // upstream's name: compression fp16
  double gradient_predivide_factor = 1.0;
  std::string reduction = "auto";  // auto | nccl | host
  bool use_adasum = false;
  bool sync_batchnorm = false;
  int64_t ranks = 1;
  std::string hosts;               // "a:2,b:2", also where a file said so
  std::string network = "auto";    // auto | ib | tcp
  int64_t threads = 0;             // per rank; 0: cores / local ranks
  std::string bind = "auto";       // auto | cores | none
  std::string output = "plain";    // plain | prefixed | files
  std::string timeline;            // a file; empty: none
  bool check_collectives = false;  // ranks compare their calls before each
  int64_t dataloader_workers = 0;  // no effect
  std::string yaml_config = "config.yaml";
  std::string config = "base";  // the section

  // Every flag and config key ("agent-config.num_samples") with its value and
  // where it came from: "default", "preset mnist_nil_mnistnet",
  // "config.yaml:12", "command line", "--quick". For --print-config, args.json
  // and run.json; without secrets.
  struct Setting {
    std::string name, value_json, origin;
  };
  std::vector<Setting> settings;
  // Each *-config flag with the keys that were given, merged, as a Python dict
  // literal in a JSON string, empty where none was. For args.json.
  std::map<std::string, std::string> dict_literals_json;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_EXPERIMENT_H_
