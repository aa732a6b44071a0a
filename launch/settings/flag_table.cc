#include "launch/settings/flag_table.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/base/nearest_name.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "launch/cli/literal_value.h"

namespace reprise {
namespace {

using Spec = ExperimentSpec;

// Rows of the table read as sentences: Row(...).From(1).Group(...).
struct Row : Flag {
  Row(std::string flag_name, Destination where, std::string value,
      std::string text) {
    name = std::move(flag_name);
    destination = std::move(where);
    metavar = std::move(value);
    help = std::move(text);
  }
  Row From(double value) { return least = value, std::move(*this); }
  Row Below(double value) {
    return most = std::nextafter(value, 0), std::move(*this);
  }
  Row UpTo(double value) { return most = value, std::move(*this); }
  Row OneOf(std::vector<std::string> values) {
    return choices = std::move(values), std::move(*this);
  }
  Row Inverted() { return inverted = true, std::move(*this); }
  Row Path() { return is_path = true, std::move(*this); }
};

std::vector<Flag> MakeTable() {
  std::vector<Flag> table;
  const auto add = [&table](const char* group, std::vector<Row> rows) {
    for (Row& row : rows) {
      row.group = group;
      table.push_back(std::move(row));
    }
  };
  add("Experiment",
      {
          Row("agent", &Spec::agent, "NAME",
              "how the network learns: base (plain fine-tuning), nil "
              "(rehearsal, class-balanced), icarl, er (rehearsal from a "
              "reservoir; every incoming sample is a candidate)")
              .OneOf({"base", "nil", "icarl", "er"}),
          Row("agent-config", DictFlag::kAgent, "DICT",
              "num_representatives [6000 per class], num_candidates [20], "
              "num_samples [num_candidates], reset_state_dict [False], "
              "implementation"),
          Row("model", &Spec::model, "NAME", "the network")
              .OneOf({"mnistnet", "resnet", "candlenet"}),
          Row("model-config", DictFlag::kModel, "DICT",
              "resnet's depth [34], width, variant ('upstream')"),
          Row("profile", &Spec::profile, "NAME",
              "upstream brings back the research code's choices: no "
              "augmentation, its ResNet, its iCaRL, its transforms, a buffer "
              "on each rank (--buffer=local --rehearsal=sync "
              "--capacity=per-rank)")
              .OneOf({"default", "upstream"}),
          Row("preset", &Spec::preset, "NAME",
              "hyper-parameters of a published set of runs, by data set")
              .OneOf({"none", "2022-01", "2022-02"}),
          Row("scratch", &Spec::scratch, "",
              "the baseline: at each task a new network on all data so far, "
              "no rehearsal"),
          Row("quick", &Spec::quick, "",
              "the whole path in seconds: 1 epoch of 3 steps a task, batch at "
              "most 8; at most 256 training and 64 test samples a task of "
              "mnist, 24 and 16 of the others, with at most 8 representatives "
              "a step"),
      });
  add("Data and tasks",
      {
          Row("dataset", &Spec::dataset, "NAME", "the data set")
              .OneOf({"mnist", "cifar10", "candle"}),
          Row("dataset-dir", &Spec::dataset_dir, "DIR",
              "folder of data sets; without it $REPRISE_DATASETS, ./datasets, "
              "then ~/datasets")
              .Path(),
          Row("tasksets-config", DictFlag::kTasksets, "DICT",
              "scenario ['class'] or 'instance', initial_increment, increment, "
              "num_tasks [5] (of 'instance'), concatenate_tasksets [False], "
              "class_order (a list or a seed)"),
          Row("shard", &Spec::shard, "",
              "each rank keeps its part of a task's samples"),
          Row("dataloader-workers", &Spec::dataloader_workers, "N",
              "accepted for upstream's scripts; has no effect")
              .From(0),
      });
  add("Training",
      {
          Row("epochs", &Spec::epochs, "N", "per task").From(1).UpTo(1e6),
          Row("max-steps-per-epoch", &Spec::max_steps_per_epoch, "N",
              "for trials and timing: an epoch ends after so many steps, which "
              "--regime and --warmup-epochs then count by; 0: when all samples "
              "were seen")
              .From(0),
          Row("batch-size", &Spec::batch_size, "N", "per rank").From(1),
          Row("global-batch-size", &Spec::global_batch_size, "N",
              "over all ranks, in place of --batch-size; times "
              "--batches-per-allreduce")
              .From(1),
          Row("global-representatives", &Spec::global_representatives, "N",
              "drawn a step over all ranks, in place of num_samples")
              .From(0),
          Row("global-candidates", &Spec::global_candidates, "N",
              "offered a step over all ranks, in place of num_candidates")
              .From(1),
          Row("buffer", &Spec::buffer, "KIND",
              "of nil and er: one over all ranks, or local, one for each")
              .OneOf({"distributed", "local"}),
          Row("rehearsal", &Spec::rehearsal, "WHEN",
              "async: representatives are drawn and sent behind the step "
              "before; sync: at the start of the step, which waits for them")
              .OneOf({"async", "sync"}),
          Row("buffer-memory", &Spec::buffer_memory, "WHERE",
              "host, or device: rows of the buffer lie on the device that "
              "computes, and go by NCCL")
              .OneOf({"host", "device"}),
          Row("capacity", &Spec::capacity, "SCOPE",
              "num_representatives are per class over all ranks, or per class "
              "and rank (with --buffer=local a rank keeps its share of "
              "global ones)")
              .OneOf({"global", "per-rank"}),
          Row("batches-per-allreduce", &Spec::batches_per_allreduce, "N",
              "a step has N batches per rank and one reduction: the gradient "
              "of --batch-size times N with as many representatives, in the "
              "memory of one (batch normalisation sees one at a time)")
              .From(1)
              .UpTo(1e6),
          Row("eval-batch-size", &Spec::eval_batch_size, "N",
              "-1: as for training")
              .From(-1),
          Row("no-evaluate", &Spec::evaluate, "", "no evaluation").Inverted(),
          Row("optimizer", &Spec::optimizer, "NAME", "")
              .OneOf({"SGD", "Adam", "AdamW", "RMSprop", "Adagrad"}),
          Row("lr", &Spec::lr, "X", "learning rate").From(0),
          Row("momentum", &Spec::momentum, "X", "of SGD and RMSprop")
              .From(0)
              .Below(1),
          Row("nesterov", &Spec::nesterov, "", "Nesterov's momentum, with SGD"),
          Row("weight-decay", &Spec::weight_decay, "X", "also --wd").From(0),
          Row("lr-scaling", &Spec::lr_scaling, "HOW",
              "linear multiplies the learning rate by ranks x "
              "batches-per-allreduce; none with --use-adasum")
              .OneOf({"linear", "none"}),
          Row("warmup-epochs", &Spec::warmup_epochs, "N",
              "of a task, from lr to the scaled one; 5 where linear scaling "
              "raises it, else 0")
              .From(0),
          Row("regime", &Spec::regime, "WHAT",
              "how options change within a task: none, cifar (x 0.1 at 81/164 "
              "and 122/164 of the epochs), upstream (x 0.1 at epochs 81, 122, "
              "164), or a list like \"[{'epoch': 5, 'lr_factor': 0.1}]\""),
          Row("augment", &Spec::augment, "HOW",
              "standard: pad 4, random crop, horizontal flip")
              .OneOf({"none", "standard"}),
          Row("seed", &Spec::seed, "N", "of everything random"),
      });
  add("Ranks and devices",
      {
          Row("ranks", &Spec::ranks, "N", "processes; the program starts them")
              .From(1)
              .UpTo(65536),
          Row("hosts", &Spec::hosts, "LIST",
              "a:2,b:2: ranks on several hosts; @FILE: a host a line, a:2, "
              "a slots=2, or a alone for each slot ($PBS_NODEFILE)"),
          Row("network", &Spec::network, "NAME",
              "between hosts: auto, ib (InfiniBand verbs), or tcp, which "
              "uses no InfiniBand, nor IP over it")
              .OneOf({"auto", "ib", "tcp"}),
          Row("threads", &Spec::threads, "N",
              "per rank; 0: cores of the host / its ranks")
              .From(0)
              .UpTo(4096),
          Row("bind", &Spec::bind, "HOW",
              "auto: each rank of a host runs on cores of its own where there "
              "is one for each thread, else on any; cores: it is an error if "
              "there are too few; none: on any")
              .OneOf({"auto", "cores", "none"}),
          Row("output", &Spec::output, "HOW",
              "of ranks other than 0. plain: as it comes; prefixed: each line "
              "with its rank; files: in rank-N.txt of the results folder, "
              "warnings and errors also here")
              .OneOf({"plain", "prefixed", "files"}),
          Row("device", &Spec::device, "NAME",
              "auto is cuda where there is a GPU and its libraries")
              .OneOf({"auto", "cpu", "cuda"}),
          Row("no-cuda", Switch(), "", "the same as --device=cpu"),
          Row("precision", &Spec::precision, "NAME",
              "of forward and backward; auto is bf16 on a CPU or GPU that "
              "multiplies it natively, else fp32; tf32 is of GPUs from sm_80")
              .OneOf({"auto", "fp32", "tf32", "bf16"}),
          Row("memory-format", &Spec::memory_format, "NAME",
              "of images and convolutions; auto is what was measured to be "
              "faster for the network, processor and precision")
              .OneOf({"auto", "channels_last", "contiguous"}),
          Row("bucket-bytes", &Spec::bucket_bytes, "N",
              "of gradients reduced together; the first bucket has at most "
              "64 KiB, so as to start early")
              .From(1024)
              .UpTo(double{int64_t{1} << 40}),
          Row("timeline", &Spec::timeline, "FILE",
              "Chrome trace of what all ranks did when (computation, "
              "collectives, rehearsal), for chrome://tracing or Perfetto")
              .Path(),
          Row("compression", &Spec::compression, "NAME",
              "gradients are sent and summed as 16-bit floats")
              .OneOf({"none", "fp16", "bf16"}),
          Row("fp16-allreduce", &Spec::fp16_allreduce, "",
              "the same as --compression=fp16"),
          Row("gradient-predivide-factor", &Spec::gradient_predivide_factor,
              "X",
              "gradients are divided by it before the sum over ranks and "
              "multiplied by it after: keeps 16-bit sums in range"),
          Row("reduction", &Spec::reduction, "NAME",
              "where gradients on GPUs are summed: nccl, on the GPUs behind "
              "backward; host, in host memory after it; auto, by nccl where "
              "every rank has a GPU of its own")
              .OneOf({"auto", "nccl", "host"}),
          Row("use-adasum", &Spec::use_adasum, "",
              "combine the ranks' gradients by Adasum, not by their mean; "
              "after backward, for comparison"),
          Row("sync-batchnorm", &Spec::sync_batchnorm, "",
              "batch normalisation over all ranks' samples; the reduction then "
              "follows backward"),
          Row("check-collectives", &Spec::check_collectives, "",
              "ranks compare each communication call first: slow, finds "
              "mistakes (gradients on GPUs then go through host memory)"),
      });
  add("Results and configuration",
      {
          Row("results-dir", &Spec::results_dir, "DIR", "").Path(),
          Row("save-dir", &Spec::save_dir, "NAME",
              "folder in it, or an absolute path; without it the time of the "
              "start"),
          Row("log-interval", &Spec::log_interval, "STEPS", "between reports")
              .From(1),
          Row("yaml-config", &Spec::yaml_config, "FILE",
              "YAML file of named sections of flags; read if it is there; "
              "empty: none")
              .Path(),
          Row("config", &Spec::config, "SECTION", "of that file"),
          Row("print-config", Switch(), "",
              "print each value and where it came from, run nothing"),
          Row("help", Switch(), "", "this text"),
      });
  const auto unbuilt = [&add](const char* name, const char* default_text,
                              std::vector<std::string> choices = {}) {
    add("Not built yet",
        {Row(name, Unbuilt{default_text, false}, "X", "").OneOf(choices)});
  };
  const auto unbuilt_bool = [&add](const char* name) {
    add("Not built yet", {Row(name, Unbuilt{"false", true}, "", "")});
  };
  unbuilt("checkpoint", "");
  unbuilt("checkpoint-every", "");
  unbuilt_bool("deterministic");
  unbuilt("on-nonfinite", "stop", {"stop", "skip", "warn"});
  unbuilt("resume", "");
  unbuilt_bool("tensorboard");
  unbuilt_bool("tensorwatch");
  unbuilt("tensorwatch-port", "0");
  return table;
}

absl::Status Expected(absl::string_view expected, absl::string_view found) {
  return UsageError(
      absl::StrCat("expected ", expected, ", found '", Printable(found), "'"));
}

template <typename Int>
absl::Status StoreInt(const Flag& flag, absl::string_view text, Int* field) {
  const bool spaced = text != absl::StripAsciiWhitespace(text);
  Int value = 0;
  if (spaced || !absl::SimpleAtoi(text, &value)) {
    return Expected(std::is_signed<Int>() ? "an integer" : "an integer from 0",
                    text);
  }
  if (value < flag.least || value > flag.most) {
    return Expected(std::isfinite(flag.most)
                        ? absl::StrFormat("an integer from %.0f to %.0f",
                                          flag.least, flag.most)
                        : absl::StrFormat("an integer from %.0f", flag.least),
                    text);
  }
  *field = value;
  return absl::OkStatus();
}

absl::Status StoreDouble(const Flag& flag, absl::string_view text,
                         double* field) {
  double value = 0;
  if (text != absl::StripAsciiWhitespace(text) ||
      !absl::SimpleAtod(text, &value) || !std::isfinite(value)) {
    return Expected("a number", text);
  }
  if (value < flag.least || value > flag.most) {
    return Expected(std::isfinite(flag.most)
                        ? absl::StrCat("a number from ", flag.least, " below ",
                                       std::nextafter(flag.most, 2))
                        : absl::StrCat("a number from ", flag.least),
                    text);
  }
  *field = value == 0 ? 0 : value;  // no -0
  return absl::OkStatus();
}

bool Holds(const std::vector<std::string>& values, absl::string_view text) {
  return std::find(values.begin(), values.end(), text) != values.end();
}

absl::StatusOr<std::string> Choose(const Flag& flag, absl::string_view text) {
  if (flag.choices.empty()) return std::string(text);
  for (const std::string& choice : flag.choices) {
    if (absl::EqualsIgnoreCase(choice, text)) return choice;
  }
  return UsageError(
      absl::StrCat("expected one of ", absl::StrJoin(flag.choices, ", "),
                   ", found '", Printable(text), "'",
                   DidYouMean(absl::AsciiStrToLower(text), flag.choices)));
}

absl::Status StoreUnbuilt(const Flag& flag, const Unbuilt& unbuilt,
                          absl::string_view text) {
  double value = 0, default_value = 0;
  bool same = absl::EqualsIgnoreCase(text, unbuilt.default_text);
  if (unbuilt.is_bool) {
    REPRISE_ASSIGN_OR_RETURN(const bool given, ParseBool(text));
    same = !given;
  } else if (!flag.choices.empty()) {
    REPRISE_RETURN_IF_ERROR(Choose(flag, text).status());
  } else if (absl::SimpleAtod(unbuilt.default_text, &default_value) &&
             absl::SimpleAtod(text, &value)) {
    same = value == default_value;
  }
  if (same) return absl::OkStatus();
  return UsageError(unbuilt.is_bool || unbuilt.default_text.empty()
                        ? "not built yet"
                        : absl::StrCat("'", Printable(text),
                                       "' is not built yet; only ",
                                       unbuilt.default_text, " is"));
}

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string JsonOf(const std::string& text) {
  LiteralValue value;
  value.value = text;
  return ToJson(value);
}

}  // namespace

bool Flag::IsBool() const {
  const Unbuilt* unbuilt = std::get_if<Unbuilt>(&destination);
  return std::holds_alternative<bool Spec::*>(destination) ||
         std::holds_alternative<Switch>(destination) ||
         (unbuilt != nullptr && unbuilt->is_bool);
}

const std::vector<Flag>& Flags() {
  static const std::vector<Flag>& flags = *new std::vector<Flag>(MakeTable());
  return flags;
}

const Flag* FindFlag(absl::string_view name) {
  std::string hyphens = absl::StrReplaceAll(name, {{"_", "-"}});
  if (hyphens == "wd") hyphens = "weight-decay";
  for (const Flag& flag : Flags()) {
    if (flag.name == hyphens) return &flag;
  }
  return nullptr;
}

absl::StatusOr<bool> ParseBool(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  if (Holds({"true", "yes", "on", "1"}, lower)) return true;
  if (Holds({"false", "no", "off", "0"}, lower)) return false;
  return Expected("true or false", text);
}

absl::Status StoreFlag(const Flag& flag, absl::string_view text,
                       ExperimentSpec* spec) {
  return std::visit(
      Overloaded{
          [&](bool Spec::*field) -> absl::Status {
            REPRISE_ASSIGN_OR_RETURN(const bool given, ParseBool(text));
            spec->*field = given != flag.inverted;
            return absl::OkStatus();
          },
          [&](int64_t Spec::*field) {
            return StoreInt(flag, text, &(spec->*field));
          },
          [&](uint64_t Spec::*field) {
            return StoreInt(flag, text, &(spec->*field));
          },
          [&](double Spec::*field) {
            return StoreDouble(flag, text, &(spec->*field));
          },
          [&](std::string Spec::*field) -> absl::Status {
            REPRISE_ASSIGN_OR_RETURN(spec->*field, Choose(flag, text));
            return absl::OkStatus();
          },
          [&](std::optional<int64_t> Spec::*field) -> absl::Status {
            int64_t value = 0;
            REPRISE_RETURN_IF_ERROR(StoreInt(flag, text, &value));
            spec->*field = value;
            return absl::OkStatus();
          },
          [&](const Unbuilt& unbuilt) {
            return StoreUnbuilt(flag, unbuilt, text);
          },
          [&](const Switch&) { return ParseBool(text).status(); },
          [](DictFlag) { return absl::OkStatus(); },
      },
      flag.destination);
}

std::string FlagValueJson(const Flag& flag, const ExperimentSpec& spec) {
  return std::visit(
      Overloaded{
          [&](bool Spec::*field) -> std::string {
            return spec.*field != flag.inverted ? "true" : "false";
          },
          [&](int64_t Spec::*field) { return absl::StrCat(spec.*field); },
          [&](uint64_t Spec::*field) { return absl::StrCat(spec.*field); },
          [&](double Spec::*field) {
            LiteralValue value;
            value.value = spec.*field;
            return ToJson(value);
          },
          [&](std::string Spec::*field) { return JsonOf(spec.*field); },
          [&](std::optional<int64_t> Spec::*field) {
            return (spec.*field).has_value() ? absl::StrCat(*(spec.*field))
                                             : "null";
          },
          [&](const Unbuilt& unbuilt) {
            double number = 0;
            return unbuilt.is_bool ||
                           absl::SimpleAtod(unbuilt.default_text, &number)
                       ? unbuilt.default_text
                       : JsonOf(unbuilt.default_text);
          },
          [&](const Switch&) -> std::string {
            return spec.device == "cpu" ? "true" : "false";
          },
          [](DictFlag) -> std::string { return "null"; },
      },
      flag.destination);
}

}  // namespace reprise
