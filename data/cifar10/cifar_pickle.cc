#include "data/cifar10/cifar_pickle.h"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status.h"
#include "data/pickle/pickle_machine.h"

namespace reprise {
namespace {

constexpr absl::string_view kIntactCopy =
    "replace it with an intact copy of CIFAR-10's Python version";
constexpr absl::string_view kWriteAgain =
    "replace it with the published file, or write it with "
    "pickle.dump(batch, file, protocol=2)";
constexpr absl::string_view kOtherArray =
    "write 'data' as uint8, and 'labels' as a list: [int(label) for label in "
    "labels], or take the published file";
constexpr absl::string_view kPlainLabels =
    "write it with 'labels': [int(label) for label in labels], or take the "
    "published file";
constexpr absl::string_view kDistrust =
    "do not load this file with pickle either: it may run any code; replace it "
    "with an intact copy of CIFAR-10's Python version";

constexpr PickleTexts kTexts = {"an opcode that CIFAR-10's batches consist of",
                                kIntactCopy, kWriteAgain, kDistrust};

// Limits of what is allocated. Both picklers write lists in pieces of 1,000
// elements; per file name they remember at most three values and make one pair.
constexpr PickleLimits kLimits = {/*on_stack=*/2000,
                                  /*remembered=*/40000,  // 480 kB
                                  /*in_tuples=*/24000};  // 288 kB
constexpr size_t kMostRecords = 100000;

enum Global : uint32_t { kReconstruct, kNdarray, kDtypeType, kEncode };
enum Object : uint32_t { kDtype, kArray };

struct GlobalName {
  absl::string_view module, name;
  Global global;
};

constexpr std::array<GlobalName, 5> kGlobals = {{
    {"numpy.core.multiarray", "_reconstruct", kReconstruct},
    {"numpy._core.multiarray", "_reconstruct", kReconstruct},
    {"numpy", "ndarray", kNdarray},
    {"numpy", "dtype", kDtypeType},
    {"_codecs", "encode", kEncode},
}};

// A list holds labels or strings; of strings only the number is kept.
struct List {
  std::vector<uint8_t> labels;
  size_t strings = 0;
};

// What a file may hold, cut to what a line of a terminal bears.
std::string Shown(absl::string_view text) {
  constexpr size_t kMost = 60;
  return absl::StrCat(absl::CEscape(text.substr(0, kMost)),
                      text.size() > kMost ? "..." : "");
}

// Admits the one shape and keeps what of it is wanted.
class CifarShape : public PickleShape {
 public:
  // Where the result lies in the content.
  struct Found {
    std::vector<uint8_t> labels;
    PickleValue pixels;
  };

  absl::StatusOr<uint32_t> MakeDict(const PickleMachine& machine) override {
    if (has_dict_) return machine.Fail("one dict", "a second one");
    has_dict_ = true;
    return 0;
  }

  absl::StatusOr<uint32_t> MakeList(const PickleMachine& machine) override {
    if (lists_.size() == 2) return machine.Fail("two lists", "a third one");
    lists_.emplace_back();
    return static_cast<uint32_t>(lists_.size() - 1);
  }

  absl::Status Append(const PickleMachine& machine, const PickleValue& list,
                      const PickleValue& element) override {
    List& elements = lists_[list.a];
    if (elements.labels.size() + elements.strings >= kMostRecords) {
      return machine.Fail(absl::StrCat("at most ", kMostRecords, " records"),
                          "more");
    }
    if (element.kind == PickleKind::kInteger) {
      if (element.a >= kCifarClasses) {
        return machine.Fail("labels of 0 to 9",
                            absl::StrCat(static_cast<int32_t>(element.a)));
      }
      // Room for what the file can have: doubling would exceed the limit.
      if (elements.labels.capacity() == 0) {
        elements.labels.reserve(kMostRecords);
      }
      elements.labels.push_back(static_cast<uint8_t>(element.a));
      return absl::OkStatus();
    }
    if (!element.IsString()) {
      return machine.Fail("a list of integers or of strings",
                          machine.NameOf(element));
    }
    ++elements.strings;
    return absl::OkStatus();
  }

  absl::Status SetItem(const PickleMachine& machine, const PickleValue&,
                       const PickleValue& key,
                       const PickleValue& value) override {
    for (size_t i = 0; i < kKeys.size(); ++i) {
      if (!machine.IsString(key, kKeys[i])) continue;
      if (values_[i].kind != PickleKind::kNothing) {
        return machine.Fail("each key once",
                            absl::StrCat("'", kKeys[i], "' again"));
      }
      values_[i] = value;
      return absl::OkStatus();
    }
    const bool fine = machine.IsString(key, "fine_labels") ||
                      machine.IsString(key, "coarse_labels");
    return machine.Fail("the keys batch_label, labels, data and filenames",
                        key.IsString()
                            ? absl::StrCat("'", Shown(machine.TextOf(key)), "'",
                                           fine ? " of CIFAR-100" : "")
                            : machine.NameOf(key));
  }

  absl::StatusOr<uint32_t> FindGlobal(const PickleMachine& machine,
                                      absl::string_view module,
                                      absl::string_view name) override {
    for (const GlobalName& known : kGlobals) {
      if (module == known.module && name == known.name) {
        return known.global;
      }
    }
    // As numpy writes a label of labels that were in an array; harmless.
    const bool is_numpy_number =
        name == "scalar" && (module == "numpy.core.multiarray" ||
                             module == "numpy._core.multiarray");
    return machine.Fail(
        "no global but numpy's _reconstruct, ndarray and dtype and "
        "_codecs.encode",
        absl::StrCat(Shown(module), ".", Shown(name),
                     is_numpy_number ? ", a number of numpy's" : ""),
        is_numpy_number ? kPlainLabels : kDistrust);
  }

  // These three, with these arguments.
  absl::StatusOr<PickleValue> Call(const PickleMachine& machine,
                                   const PickleValue& global,
                                   const PickleValue& arguments) override {
    const auto argument = [&](uint32_t i) -> const PickleValue& {
      return machine.Element(arguments, i);
    };
    if (global.a == kEncode && arguments.b == 2 &&
        argument(0).kind == PickleKind::kText &&
        machine.IsString(argument(1), "latin1")) {
      return PickleValue{PickleKind::kLatin1Bytes, argument(0).a,
                         argument(0).b};
    }
    if (global.a == kDtypeType && arguments.b == 3 &&
        machine.IsString(argument(0), "u1") && argument(1).IsTruth(false) &&
        argument(2).IsTruth(true)) {
      return PickleValue{PickleKind::kObject, kDtype};
    }
    if (global.a == kReconstruct && arguments.b == 3 &&
        argument(0).IsGlobal(kNdarray) &&
        argument(1).kind == PickleKind::kTuple && argument(1).b == 1 &&
        machine.Element(argument(1), 0).IsInteger(0) &&
        machine.IsString(argument(2), "b")) {
      if (has_array_) return machine.Fail("one array", "a second one");
      has_array_ = true;
      return PickleValue{PickleKind::kObject, kArray};
    }
    return machine.Fail("the arguments that numpy writes for an array of uint8",
                        global.a == kDtypeType ? "another dtype" : "other ones",
                        global.a == kDtypeType ? kOtherArray : kDistrust);
  }

  absl::Status SetState(const PickleMachine& machine, const PickleValue& object,
                        const PickleValue& state) override {
    if (state.kind != PickleKind::kTuple ||
        object.kind != PickleKind::kObject) {
      return machine.Fail(
          "the state of an array or a dtype, a tuple",
          absl::StrCat(machine.NameOf(state), " for ", machine.NameOf(object)),
          kDistrust);
    }
    return object.IsObject(kDtype) ? CheckDtype(machine, state)
                                   : TakeArray(machine, state);
  }

  const char* NameOfObject(uint32_t type) const override {
    return type == kDtype ? "a dtype" : "an array";
  }

  // What a run that left these values has found.
  absl::StatusOr<Found> Result(const PickleMachine& machine,
                               const std::vector<PickleValue>& left) {
    if (left.size() != 1 || left[0].kind != PickleKind::kDict) {
      return machine.Fail("a dict", left.size() == 1
                                        ? machine.NameOf(left[0])
                                        : "another number of values");
    }
    const auto& [batch_label, labels, data, filenames] = values_;
    if (labels.kind != PickleKind::kList) {
      return machine.Fail("a list of integers as 'labels'",
                          machine.NameOf(labels), kWriteAgain);
    }
    if (!data.IsObject(kArray) || pixels_.kind == PickleKind::kNothing) {
      return machine.Fail("a numpy array as 'data'", machine.NameOf(data),
                          kWriteAgain);
    }
    List& numbers = lists_[labels.a];
    const size_t n = numbers.labels.size();
    if (n == 0 || numbers.strings > 0) {
      return machine.Fail("one or more integers as 'labels'",
                          n == 0 ? "none" : "strings", kWriteAgain);
    }
    if (rows_ != n) {
      return machine.Fail(pixels_at_,
                          absl::StrCat("as many rows of data as labels, ", n),
                          absl::StrCat(rows_), kIntactCopy);
    }
    // Text that stands for bytes takes one or two of its own for each.
    const size_t bytes = n * kCifarRowBytes;
    if (pixels_.kind == PickleKind::kLatin1Bytes
            ? pixels_.b < bytes || pixels_.b > 2 * bytes
            : pixels_.kind != PickleKind::kBytes || pixels_.b != bytes) {
      return machine.Fail(
          pixels_at_,
          absl::StrCat(bytes, " bytes of ", n, " x ", kCifarRowBytes,
                       " pixels"),
          absl::StrCat(pixels_.b, " in ", machine.NameOf(pixels_)),
          kIntactCopy);
    }
    if (filenames.kind != PickleKind::kNothing &&
        (filenames.kind != PickleKind::kList ||
         lists_[filenames.a].strings != n ||
         !lists_[filenames.a].labels.empty())) {
      return machine.Fail(
          absl::StrCat("a list of ", n, " strings as 'filenames'"),
          filenames.kind == PickleKind::kList
              ? absl::StrCat(lists_[filenames.a].strings)
              : machine.NameOf(filenames));
    }
    if (batch_label.kind != PickleKind::kNothing && !batch_label.IsString()) {
      return machine.Fail("a string as 'batch_label'",
                          machine.NameOf(batch_label));
    }
    return Found{std::move(numbers.labels), pixels_};
  }

 private:
  static absl::Status CheckDtype(const PickleMachine& machine,
                                 const PickleValue& state) {
    const auto element = [&](uint32_t i) -> const PickleValue& {
      return machine.Element(state, i);
    };
    if (state.b != 8 || !element(0).IsInteger(3) ||
        !machine.IsString(element(1), "|") ||
        element(2).kind != PickleKind::kNone ||
        element(3).kind != PickleKind::kNone ||
        element(4).kind != PickleKind::kNone || !element(5).IsInteger(-1) ||
        !element(6).IsInteger(-1) || !element(7).IsInteger(0)) {
      return machine.Fail("the dtype of plain bytes (uint8)", "another one",
                          kWriteAgain);
    }
    return absl::OkStatus();
  }

  absl::Status TakeArray(const PickleMachine& machine,
                         const PickleValue& state) {
    const auto element = [&](uint32_t i) -> const PickleValue& {
      return machine.Element(state, i);
    };
    if (pixels_.kind != PickleKind::kNothing) {
      return machine.Fail("one state of the array", "a second one");
    }
    if (state.b != 5 || !element(0).IsInteger(1) ||
        element(1).kind != PickleKind::kTuple || !element(2).IsObject(kDtype) ||
        !element(4).IsString()) {
      return machine.Fail("an array's version 1, shape, dtype, order and bytes",
                          "something else");
    }
    if (!element(3).IsTruth(false)) {
      return machine.Fail("an array in C order", "one in Fortran order",
                          "write it again with numpy.ascontiguousarray(data)");
    }
    const PickleValue& shape = element(1);
    if (shape.b != 2 ||
        machine.Element(shape, 0).kind != PickleKind::kInteger ||
        !machine.Element(shape, 1).IsInteger(kCifarRowBytes)) {
      return machine.Fail(
          "an array of shape [n, 3072]", "another shape",
          "write it again with data.reshape(-1, 3072), planes of red, "
          "green and blue");
    }
    rows_ = machine.Element(shape, 0).a;
    pixels_ = element(4);
    pixels_at_ = machine.opcode_at();
    return absl::OkStatus();
  }

  static constexpr std::array<absl::string_view, 4> kKeys = {
      "batch_label", "labels", "data", "filenames"};

  std::vector<List> lists_;
  std::array<PickleValue, kKeys.size()> values_;
  bool has_dict_ = false;
  bool has_array_ = false;
  // The array's state.
  PickleValue pixels_;
  size_t pixels_at_ = 0;
  size_t rows_ = 0;
};

// Turns the text at [first, first + length) into the bytes that its characters
// stand for, in place, since none is longer than before. The number of bytes,
// or nullopt if a character is none of Latin-1.
std::optional<size_t> DecodeLatin1(std::string* content, size_t first,
                                   size_t length) {
  uint8_t* const text = reinterpret_cast<uint8_t*>(&(*content)[first]);
  size_t bytes = 0;
  for (size_t i = 0; i < length; ++i) {
    if (text[i] < 0x80) {
      text[bytes++] = text[i];
    } else if ((text[i] == 0xC2 || text[i] == 0xC3) && i + 1 < length &&
               (text[i + 1] & 0xC0) == 0x80) {
      text[bytes++] = static_cast<uint8_t>(text[i] << 6 | (text[i + 1] & 0x3F));
      ++i;
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

}  // namespace

absl::StatusOr<CifarBatch> ParseCifarPickle(std::string content,
                                            const std::string& path) {
  CifarShape shape;
  PickleMachine machine(content, path, kLimits, kTexts, &shape);
  REPRISE_ASSIGN_OR_RETURN(const std::vector<PickleValue> left, machine.Run());
  REPRISE_ASSIGN_OR_RETURN(CifarShape::Found found,
                           shape.Result(machine, left));
  CifarBatch batch;
  batch.labels = std::move(found.labels);
  batch.first = found.pixels.a;
  batch.stride = kCifarRowBytes;
  const size_t bytes = batch.labels.size() * kCifarRowBytes;
  if (found.pixels.kind == PickleKind::kLatin1Bytes &&
      DecodeLatin1(&content, batch.first, found.pixels.b) != bytes) {
    return DataError(absl::StrCat(
        path, ": offset ", batch.first, ": expected ", bytes,
        " bytes as characters U+0000 to U+00FF, found another number of them "
        "or other characters; remedy: ",
        kIntactCopy));
  }
  batch.content = std::move(content);
  return batch;
}

}  // namespace reprise
