#include "data/cifar10/cifar_pickle.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "core/base/status.h"

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

// Limits of what is allocated. Both picklers write lists in pieces of 1,000
// elements; per file name they remember at most three values and make one pair.
constexpr size_t kMostOnStack = 2000;
constexpr size_t kMostRemembered = 40000;  // 480 kB
constexpr size_t kMostInTuples = 24000;    // 288 kB
constexpr size_t kMostRecords = 100000;

enum class Kind : uint8_t {
  kNothing,  // a place of the memo that holds no value
  kMark,
  kNone,
  kBool,         // a: 0 or 1
  kInteger,      // a: an int32's bits
  kBytes,        // a, b: offset and length in the content; str of Python 2, too
  kText,         // the same, UTF-8
  kLatin1Bytes,  // the same: text whose characters stand for bytes
  kGlobal,       // a: a Global
  kTuple,        // a, b: first element in tuples_, number of elements
  kList,         // a: index in lists_
  kDict,
  kDtype,
  kArray,
};

struct Value {
  Kind kind = Kind::kNothing;
  uint32_t a = 0;
  uint32_t b = 0;
};

const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::kNothing:
      return "nothing";
    case Kind::kMark:
      return "a mark";
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return "a truth value";
    case Kind::kInteger:
      return "an integer";
    case Kind::kBytes:
    case Kind::kLatin1Bytes:
      return "a string of bytes";
    case Kind::kText:
      return "a string of text";
    case Kind::kGlobal:
      return "a global";
    case Kind::kTuple:
      return "a tuple";
    case Kind::kList:
      return "a list";
    case Kind::kDict:
      return "a dict";
    case Kind::kDtype:
      return "a dtype";
    case Kind::kArray:
      return "an array";
  }
  return "";
}

enum Global : uint32_t { kReconstruct, kNdarray, kDtypeType, kEncode };

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

class PickleReader {
 public:
  PickleReader(const std::string& content, const std::string& path)
      : content_(content), path_(path) {}

  // Where the result lies in the content.
  struct Found {
    std::vector<uint8_t> labels;
    Value pixels;
  };

  absl::StatusOr<Found> Read() {
    if (content_.size() > UINT32_MAX) {
      return Fail(0, "a file of less than 4 GiB",
                  absl::StrCat(content_.size(), " bytes"), kIntactCopy);
    }
    REPRISE_RETURN_IF_ERROR(ReadProtocol());
    while (!stopped_) REPRISE_RETURN_IF_ERROR(ReadOpcode());
    return Result();
  }

 private:
  absl::Status Fail(size_t offset, absl::string_view expected,
                    absl::string_view found, absl::string_view remedy) const {
    return DataError(absl::StrCat(path_, ": offset ", offset, ": expected ",
                                  expected, ", found ", found,
                                  "; remedy: ", remedy));
  }
  absl::Status Fail(absl::string_view expected, absl::string_view found,
                    absl::string_view remedy = kIntactCopy) const {
    return Fail(opcode_at_, expected, found, remedy);
  }

  // The next `bytes` bytes, as a little-endian number.
  absl::StatusOr<uint64_t> ReadNumber(size_t bytes) {
    REPRISE_ASSIGN_OR_RETURN(const Value raw, Take(bytes));
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; ++i) {
      number |= uint64_t{static_cast<uint8_t>(content_[raw.a + i])} << (8 * i);
    }
    return number;
  }

  absl::StatusOr<Value> Take(uint64_t bytes) {
    if (bytes > content_.size() - at_) {
      return Fail(absl::StrCat(bytes, " bytes after offset ", at_),
                  absl::StrCat("the end of the file after ",
                               content_.size() - at_, ": it is truncated"));
    }
    const Value taken = {Kind::kBytes, static_cast<uint32_t>(at_),
                         static_cast<uint32_t>(bytes)};
    at_ += bytes;
    return taken;
  }

  absl::string_view TextOf(const Value& value) const {
    return absl::string_view(content_).substr(value.a, value.b);
  }

  static bool IsString(const Value& value) {
    return value.kind == Kind::kBytes || value.kind == Kind::kText ||
           value.kind == Kind::kLatin1Bytes;
  }
  bool IsString(const Value& value, absl::string_view text) const {
    return IsString(value) && TextOf(value) == text;
  }
  static bool IsInteger(const Value& value, int32_t number) {
    return value.kind == Kind::kInteger &&
           value.a == static_cast<uint32_t>(number);
  }
  // Python 2's numpy wrote 0 and 1 where later ones write False and True.
  static bool IsTruth(const Value& value, bool truth) {
    return (value.kind == Kind::kBool && value.a == truth) ||
           IsInteger(value, truth);
  }
  static bool IsGlobal(const Value& value, Global global) {
    return value.kind == Kind::kGlobal && value.a == global;
  }
  const Value& Element(const Value& tuple, uint32_t i) const {
    return tuples_[tuple.a + i];
  }

  absl::Status Push(const Value& value) {
    if (stack_.size() >= kMostOnStack) {
      return Fail(absl::StrCat("at most ", kMostOnStack, " values at a time"),
                  "more", kWriteAgain);
    }
    stack_.push_back(value);
    return absl::OkStatus();
  }

  absl::StatusOr<Value> Pop() {
    if (stack_.empty() || stack_.back().kind == Kind::kMark) {
      return Fail("a value for the opcode", "none");
    }
    const Value value = stack_.back();
    stack_.pop_back();
    return value;
  }

  // The position of the last mark.
  absl::StatusOr<size_t> FindMark() const {
    for (size_t i = stack_.size(); i > 0; --i) {
      if (stack_[i - 1].kind == Kind::kMark) return i - 1;
    }
    return Fail("a mark before the opcode", "none");
  }

  absl::Status ReadProtocol() {
    if (content_.empty() || content_[0] != '\x80') {
      return Fail(
          "a pickle of protocol 2 to 4 (80)",
          content_.empty()
              ? "an empty file"
              : absl::StrFormat("%02x", static_cast<uint8_t>(content_[0])),
          kWriteAgain);
    }
    at_ = 1;
    REPRISE_ASSIGN_OR_RETURN(const uint64_t protocol, ReadNumber(1));
    if (protocol < 2 || protocol > 4) {
      return Fail(1, "protocol 2 to 4", absl::StrCat(protocol), kWriteAgain);
    }
    return absl::OkStatus();
  }

  absl::Status ReadOpcode() {
    opcode_at_ = at_;
    if (at_ == content_.size()) {
      return Fail("an opcode", "the end of the file: it is truncated");
    }
    const char opcode = content_[at_++];
    switch (opcode) {
      case '.':
        return Stop();
      case '(':
        return Push({Kind::kMark});
      case 'N':
        return Push({Kind::kNone});
      case '\x88':
        return Push({Kind::kBool, 1});
      case '\x89':
        return Push({Kind::kBool, 0});
      case 'K':
        return PushInteger(1);
      case 'M':
        return PushInteger(2);
      case 'J':
        return PushInteger(4);
      case 'U':  // SHORT_BINSTRING
      case 'C':  // SHORT_BINBYTES
        return PushString(1, Kind::kBytes);
      case 'T':  // BINSTRING
      case 'B':  // BINBYTES
        return PushString(4, Kind::kBytes);
      case '\x8c':  // SHORT_BINUNICODE
        return PushString(1, Kind::kText);
      case 'X':  // BINUNICODE
        return PushString(4, Kind::kText);
      case '}':
        if (has_dict_) return Fail("one dict", "a second one");
        has_dict_ = true;
        return Push({Kind::kDict});
      case ']':
        if (lists_.size() == 2) return Fail("two lists", "a third one");
        lists_.emplace_back();
        return Push({Kind::kList, static_cast<uint32_t>(lists_.size() - 1)});
      case 't':
        return PushTupleSinceMark();
      case '\x85':
        return PushTuple(1);
      case '\x86':
        return PushTuple(2);
      case '\x87':
        return PushTuple(3);
      case 'q':
        return Remember(ReadNumber(1));
      case 'r':
        return Remember(ReadNumber(4));
      case '\x94':
        return Remember(remembered_.size());
      case 'h':
        return Recall(ReadNumber(1));
      case 'j':
        return Recall(ReadNumber(4));
      case 'a':
        return Append();
      case 'e':
        return AppendSinceMark();
      case 's':
        return SetItem();
      case 'u':
        return SetItemsSinceMark();
      case 'c':
        return PushGlobal();
      case '\x93':
        return PushGlobalFromStack();
      case 'R':
        return Reduce();
      case 'b':
        return Build();
      case '\x95':
        return CheckFrame();
      default:
        return Fail(
            "an opcode that CIFAR-10's batches consist of",
            absl::StrFormat("0x%02x ('%s')", static_cast<uint8_t>(opcode),
                            absl::CEscape(absl::string_view(&opcode, 1))),
            kDistrust);
    }
  }

  absl::Status PushInteger(size_t bytes) {
    REPRISE_ASSIGN_OR_RETURN(const uint64_t number, ReadNumber(bytes));
    return Push({Kind::kInteger, static_cast<uint32_t>(number)});
  }

  absl::Status PushString(size_t bytes_of_length, Kind kind) {
    REPRISE_ASSIGN_OR_RETURN(const uint64_t length,
                             ReadNumber(bytes_of_length));
    REPRISE_ASSIGN_OR_RETURN(Value value, Take(length));
    value.kind = kind;
    return Push(value);
  }

  absl::Status PushTuple(size_t size) {
    if (tuples_.size() + size > kMostInTuples) {
      return Fail("fewer tuples", absl::StrCat("over ", kMostInTuples),
                  kWriteAgain);
    }
    const Value tuple = {Kind::kTuple, static_cast<uint32_t>(tuples_.size()),
                         static_cast<uint32_t>(size)};
    tuples_.resize(tuples_.size() + size);
    for (size_t i = size; i > 0; --i) {
      REPRISE_ASSIGN_OR_RETURN(tuples_[tuple.a + i - 1], Pop());
    }
    return Push(tuple);
  }

  absl::Status PushTupleSinceMark() {
    REPRISE_ASSIGN_OR_RETURN(const size_t mark, FindMark());
    const size_t size = stack_.size() - mark - 1;
    if (size == 0) return Fail("a tuple of elements", "an empty one");
    REPRISE_RETURN_IF_ERROR(PushTuple(size));
    stack_.erase(stack_.end() - 2);  // the mark
    return absl::OkStatus();
  }

  absl::Status Remember(const absl::StatusOr<uint64_t>& place) {
    REPRISE_RETURN_IF_ERROR(place.status());
    if (stack_.empty() || stack_.back().kind == Kind::kMark) {
      return Fail("a value to be remembered", "none");
    }
    if (*place >= kMostRemembered) {
      return Fail(absl::StrCat("a place of the memo below ", kMostRemembered),
                  absl::StrCat(*place), kWriteAgain);
    }
    if (*place >= remembered_.size()) remembered_.resize(*place + 1);
    remembered_[*place] = stack_.back();
    return absl::OkStatus();
  }

  absl::Status Recall(const absl::StatusOr<uint64_t>& place) {
    REPRISE_RETURN_IF_ERROR(place.status());
    if (*place >= remembered_.size() ||
        remembered_[*place].kind == Kind::kNothing) {
      return Fail("a place of the memo that was filled", absl::StrCat(*place));
    }
    return Push(remembered_[*place]);
  }

  absl::Status AppendTo(const Value& list, const Value& element) {
    List& elements = lists_[list.a];
    if (elements.labels.size() + elements.strings >= kMostRecords) {
      return Fail(absl::StrCat("at most ", kMostRecords, " records"), "more");
    }
    if (element.kind == Kind::kInteger) {
      if (element.a >= kCifarClasses) {
        return Fail("labels of 0 to 9",
                    absl::StrCat(static_cast<int32_t>(element.a)));
      }
      // Room for what the file can have: doubling would exceed the limit.
      if (elements.labels.capacity() == 0) {
        elements.labels.reserve(kMostRecords);
      }
      elements.labels.push_back(static_cast<uint8_t>(element.a));
      return absl::OkStatus();
    }
    if (!IsString(element)) {
      return Fail("a list of integers or of strings", NameOf(element.kind));
    }
    ++elements.strings;
    return absl::OkStatus();
  }

  absl::Status Append() {
    REPRISE_ASSIGN_OR_RETURN(const Value element, Pop());
    if (stack_.empty() || stack_.back().kind != Kind::kList) {
      return Fail("a list to append to",
                  NameOf(stack_.empty() ? Kind::kNothing : stack_.back().kind));
    }
    return AppendTo(stack_.back(), element);
  }

  absl::Status AppendSinceMark() {
    REPRISE_ASSIGN_OR_RETURN(const size_t mark, FindMark());
    if (mark == 0 || stack_[mark - 1].kind != Kind::kList) {
      return Fail("a list to append to",
                  NameOf(mark == 0 ? Kind::kNothing : stack_[mark - 1].kind));
    }
    for (size_t i = mark + 1; i < stack_.size(); ++i) {
      REPRISE_RETURN_IF_ERROR(AppendTo(stack_[mark - 1], stack_[i]));
    }
    stack_.resize(mark);
    return absl::OkStatus();
  }

  absl::Status Set(const Value& key, const Value& value) {
    for (size_t i = 0; i < kKeys.size(); ++i) {
      if (!IsString(key, kKeys[i])) continue;
      if (values_[i].kind != Kind::kNothing) {
        return Fail("each key once", absl::StrCat("'", kKeys[i], "' again"));
      }
      values_[i] = value;
      return absl::OkStatus();
    }
    const bool fine =
        IsString(key, "fine_labels") || IsString(key, "coarse_labels");
    return Fail("the keys batch_label, labels, data and filenames",
                IsString(key) ? absl::StrCat("'", Shown(TextOf(key)), "'",
                                             fine ? " of CIFAR-100" : "")
                              : NameOf(key.kind));
  }

  absl::Status SetItem() {
    REPRISE_ASSIGN_OR_RETURN(const Value value, Pop());
    REPRISE_ASSIGN_OR_RETURN(const Value key, Pop());
    if (stack_.empty() || stack_.back().kind != Kind::kDict) {
      return Fail("a dict to set an item of",
                  NameOf(stack_.empty() ? Kind::kNothing : stack_.back().kind));
    }
    return Set(key, value);
  }

  absl::Status SetItemsSinceMark() {
    REPRISE_ASSIGN_OR_RETURN(const size_t mark, FindMark());
    if (mark == 0 || stack_[mark - 1].kind != Kind::kDict) {
      return Fail("a dict to set items of",
                  NameOf(mark == 0 ? Kind::kNothing : stack_[mark - 1].kind));
    }
    if ((stack_.size() - mark - 1) % 2 != 0) {
      return Fail("pairs of key and value", "an odd number of values");
    }
    for (size_t i = mark + 1; i < stack_.size(); i += 2) {
      REPRISE_RETURN_IF_ERROR(Set(stack_[i], stack_[i + 1]));
    }
    stack_.resize(mark);
    return absl::OkStatus();
  }

  absl::Status PushGlobalNamed(absl::string_view module,
                               absl::string_view name) {
    for (const GlobalName& known : kGlobals) {
      if (module == known.module && name == known.name) {
        return Push({Kind::kGlobal, known.global});
      }
    }
    // As numpy writes a label of labels that were in an array; harmless.
    const bool is_numpy_number =
        name == "scalar" && (module == "numpy.core.multiarray" ||
                             module == "numpy._core.multiarray");
    return Fail(
        "no global but numpy's _reconstruct, ndarray and dtype and "
        "_codecs.encode",
        absl::StrCat(Shown(module), ".", Shown(name),
                     is_numpy_number ? ", a number of numpy's" : ""),
        is_numpy_number ? kPlainLabels : kDistrust);
  }

  absl::Status PushGlobal() {
    absl::string_view lines[2];
    for (absl::string_view& line : lines) {
      const size_t end = content_.find('\n', at_);
      if (end == std::string::npos) {
        return Fail("the name of a global in two lines",
                    "the end of the file: it is truncated");
      }
      line = absl::string_view(content_).substr(at_, end - at_);
      at_ = end + 1;
    }
    return PushGlobalNamed(lines[0], lines[1]);
  }

  absl::Status PushGlobalFromStack() {
    REPRISE_ASSIGN_OR_RETURN(const Value name, Pop());
    REPRISE_ASSIGN_OR_RETURN(const Value module, Pop());
    if (name.kind != Kind::kText || module.kind != Kind::kText) {
      return Fail("a global named by two strings of text",
                  absl::StrCat(NameOf(module.kind), " and ", NameOf(name.kind)),
                  kDistrust);
    }
    return PushGlobalNamed(TextOf(module), TextOf(name));
  }

  // A call, in pickle's terms. These three, with these arguments.
  absl::Status Reduce() {
    REPRISE_ASSIGN_OR_RETURN(const Value arguments, Pop());
    REPRISE_ASSIGN_OR_RETURN(const Value callee, Pop());
    if (callee.kind != Kind::kGlobal || arguments.kind != Kind::kTuple) {
      return Fail("a call of a global with a tuple",
                  absl::StrCat("one of ", NameOf(callee.kind), " with ",
                               NameOf(arguments.kind)),
                  kDistrust);
    }
    const auto argument = [&](uint32_t i) -> const Value& {
      return Element(arguments, i);
    };
    if (callee.a == kEncode && arguments.b == 2 &&
        argument(0).kind == Kind::kText && IsString(argument(1), "latin1")) {
      return Push({Kind::kLatin1Bytes, argument(0).a, argument(0).b});
    }
    if (callee.a == kDtypeType && arguments.b == 3 &&
        IsString(argument(0), "u1") && IsTruth(argument(1), false) &&
        IsTruth(argument(2), true)) {
      return Push({Kind::kDtype});
    }
    if (callee.a == kReconstruct && arguments.b == 3 &&
        IsGlobal(argument(0), kNdarray) && argument(1).kind == Kind::kTuple &&
        argument(1).b == 1 && IsInteger(Element(argument(1), 0), 0) &&
        IsString(argument(2), "b")) {
      if (has_array_) return Fail("one array", "a second one");
      has_array_ = true;
      return Push({Kind::kArray});
    }
    return Fail("the arguments that numpy writes for an array of uint8",
                callee.a == kDtypeType ? "another dtype" : "other ones",
                callee.a == kDtypeType ? kOtherArray : kDistrust);
  }

  // The state of a dtype or an array.
  absl::Status Build() {
    REPRISE_ASSIGN_OR_RETURN(const Value state, Pop());
    if (stack_.empty() || state.kind != Kind::kTuple ||
        (stack_.back().kind != Kind::kDtype &&
         stack_.back().kind != Kind::kArray)) {
      return Fail("the state of an array or a dtype, a tuple",
                  absl::StrCat(NameOf(state.kind), " for ",
                               NameOf(stack_.empty() ? Kind::kNothing
                                                     : stack_.back().kind)),
                  kDistrust);
    }
    const auto element = [&](uint32_t i) -> const Value& {
      return Element(state, i);
    };
    if (stack_.back().kind == Kind::kDtype) {
      if (state.b != 8 || !IsInteger(element(0), 3) ||
          !IsString(element(1), "|") || element(2).kind != Kind::kNone ||
          element(3).kind != Kind::kNone || element(4).kind != Kind::kNone ||
          !IsInteger(element(5), -1) || !IsInteger(element(6), -1) ||
          !IsInteger(element(7), 0)) {
        return Fail("the dtype of plain bytes (uint8)", "another one",
                    kWriteAgain);
      }
      return absl::OkStatus();
    }
    if (pixels_.kind != Kind::kNothing) {
      return Fail("one state of the array", "a second one");
    }
    if (state.b != 5 || !IsInteger(element(0), 1) ||
        element(1).kind != Kind::kTuple || element(2).kind != Kind::kDtype ||
        !IsString(element(4))) {
      return Fail("an array's version 1, shape, dtype, order and bytes",
                  "something else");
    }
    if (!IsTruth(element(3), false)) {
      return Fail("an array in C order", "one in Fortran order",
                  "write it again with numpy.ascontiguousarray(data)");
    }
    const Value& shape = element(1);
    if (shape.b != 2 || Element(shape, 0).kind != Kind::kInteger ||
        !IsInteger(Element(shape, 1), kCifarRowBytes)) {
      return Fail("an array of shape [n, 3072]", "another shape",
                  "write it again with data.reshape(-1, 3072), planes of red, "
                  "green and blue");
    }
    rows_ = Element(shape, 0).a;
    pixels_ = element(4);
    pixels_at_ = opcode_at_;
    return absl::OkStatus();
  }

  absl::Status CheckFrame() {
    REPRISE_ASSIGN_OR_RETURN(const uint64_t length, ReadNumber(8));
    if (length > content_.size() - at_) {
      return Fail(absl::StrCat("a frame of ", length, " bytes"),
                  absl::StrCat(content_.size() - at_,
                               " before the end: it is truncated"));
    }
    return absl::OkStatus();
  }

  absl::Status Stop() {
    if (at_ != content_.size()) {
      return Fail(at_, "the end of the file after the pickle",
                  absl::StrCat(content_.size() - at_, " more bytes"),
                  kIntactCopy);
    }
    if (stack_.size() != 1 || stack_[0].kind != Kind::kDict) {
      return Fail("a dict", stack_.size() == 1 ? NameOf(stack_[0].kind)
                                               : "another number of values");
    }
    stopped_ = true;
    return absl::OkStatus();
  }

  absl::StatusOr<Found> Result() {
    const auto& [batch_label, labels, data, filenames] = values_;
    if (labels.kind != Kind::kList) {
      return Fail("a list of integers as 'labels'", NameOf(labels.kind),
                  kWriteAgain);
    }
    if (data.kind != Kind::kArray || pixels_.kind == Kind::kNothing) {
      return Fail("a numpy array as 'data'", NameOf(data.kind), kWriteAgain);
    }
    List& numbers = lists_[labels.a];
    const size_t n = numbers.labels.size();
    if (n == 0 || numbers.strings > 0) {
      return Fail("one or more integers as 'labels'",
                  n == 0 ? "none" : "strings", kWriteAgain);
    }
    if (rows_ != n) {
      return Fail(pixels_at_,
                  absl::StrCat("as many rows of data as labels, ", n),
                  absl::StrCat(rows_), kIntactCopy);
    }
    // Text that stands for bytes takes one or two of its own for each.
    const size_t bytes = n * kCifarRowBytes;
    if (pixels_.kind == Kind::kLatin1Bytes
            ? pixels_.b < bytes || pixels_.b > 2 * bytes
            : pixels_.kind != Kind::kBytes || pixels_.b != bytes) {
      return Fail(pixels_at_,
                  absl::StrCat(bytes, " bytes of ", n, " x ", kCifarRowBytes,
                               " pixels"),
                  absl::StrCat(pixels_.b, " in ", NameOf(pixels_.kind)),
                  kIntactCopy);
    }
    if (filenames.kind != Kind::kNothing &&
        (filenames.kind != Kind::kList || lists_[filenames.a].strings != n ||
         !lists_[filenames.a].labels.empty())) {
      return Fail(absl::StrCat("a list of ", n, " strings as 'filenames'"),
                  filenames.kind == Kind::kList
                      ? absl::StrCat(lists_[filenames.a].strings)
                      : NameOf(filenames.kind));
    }
    if (batch_label.kind != Kind::kNothing && !IsString(batch_label)) {
      return Fail("a string as 'batch_label'", NameOf(batch_label.kind));
    }
    return Found{std::move(numbers.labels), pixels_};
  }

  static constexpr std::array<absl::string_view, 4> kKeys = {
      "batch_label", "labels", "data", "filenames"};

  const std::string& content_;
  const std::string& path_;
  size_t at_ = 0;
  size_t opcode_at_ = 0;
  bool stopped_ = false;
  std::vector<Value> stack_;
  // Deques grow without a second copy of themselves.
  std::deque<Value> remembered_;
  std::deque<Value> tuples_;
  std::vector<List> lists_;
  std::array<Value, kKeys.size()> values_;
  bool has_dict_ = false;
  bool has_array_ = false;
  // The array's state.
  Value pixels_;
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
  REPRISE_ASSIGN_OR_RETURN(PickleReader::Found found,
                           PickleReader(content, path).Read());
  CifarBatch batch;
  batch.labels = std::move(found.labels);
  batch.first = found.pixels.a;
  batch.stride = kCifarRowBytes;
  const size_t bytes = batch.labels.size() * kCifarRowBytes;
  if (found.pixels.kind == Kind::kLatin1Bytes &&
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
