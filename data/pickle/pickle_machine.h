// A machine for pickles of one shape that its caller knows. Not an unpickler:
// it executes nothing and imports nothing. It follows the opcodes, keeps the
// stack, the memo and tuples within limits, and leaves to a PickleShape which
// lists, dicts, globals and calls there may be.
//
// Protocols 2 to 4. Opcodes beyond those that pickle writes for None, truth
// values, integers of 32 bits, strings, tuples, lists, dicts and calls of
// globals with a tuple are refused, persistent ids and extensions among them.
#ifndef REPRISE_DATA_PICKLE_PICKLE_MACHINE_H_
#define REPRISE_DATA_PICKLE_PICKLE_MACHINE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

enum class PickleKind : uint8_t {
  kNothing,  // a place of the memo that holds no value
  kMark,
  kNone,
  kBool,         // a: 0 or 1
  kInteger,      // a: an int32's bits
  kBytes,        // a, b: offset and length in the content; str of Python 2, too
  kText,         // the same, UTF-8
  kLatin1Bytes,  // the same: text whose characters stand for bytes
  kGlobal,       // a: the shape's number of it
  kTuple,        // a, b: for PickleMachine::Element; number of elements
  kList,         // a: the shape's number of it
  kDict,         // the same
  kObject,       // what a call made; a: the shape's number of its type
};

struct PickleValue {
  PickleKind kind = PickleKind::kNothing;
  uint32_t a = 0;
  uint32_t b = 0;

  bool IsString() const {
    return kind == PickleKind::kBytes || kind == PickleKind::kText ||
           kind == PickleKind::kLatin1Bytes;
  }
  bool IsInteger(int32_t number) const {
    return kind == PickleKind::kInteger && a == static_cast<uint32_t>(number);
  }
  // Python 2's numpy wrote 0 and 1 where later ones write False and True.
  bool IsTruth(bool truth) const {
    return (kind == PickleKind::kBool && a == truth) || IsInteger(truth);
  }
  bool IsGlobal(uint32_t number) const {
    return kind == PickleKind::kGlobal && a == number;
  }
  bool IsObject(uint32_t type) const {
    return kind == PickleKind::kObject && a == type;
  }
};

class PickleMachine;

// What a pickle may consist of, asked where an opcode would make, fill, name or
// call something. `machine` is the one that asks, for its Fail and its values;
// an error ends the run.
class PickleShape {
 public:
  virtual ~PickleShape() = default;

  // The number of a new, empty one.
  virtual absl::StatusOr<uint32_t> MakeDict(const PickleMachine& machine) = 0;
  virtual absl::StatusOr<uint32_t> MakeList(const PickleMachine& machine) = 0;
  virtual absl::Status Append(const PickleMachine& machine,
                              const PickleValue& list,
                              const PickleValue& element) = 0;
  virtual absl::Status SetItem(const PickleMachine& machine,
                               const PickleValue& dict, const PickleValue& key,
                               const PickleValue& value) = 0;
  // The number of a global. Both names may hold any bytes.
  virtual absl::StatusOr<uint32_t> FindGlobal(const PickleMachine& machine,
                                              absl::string_view module,
                                              absl::string_view name) = 0;
  // What stands for the result; `arguments` is a tuple.
  virtual absl::StatusOr<PickleValue> Call(const PickleMachine& machine,
                                           const PickleValue& global,
                                           const PickleValue& arguments) = 0;
  // `object` and `state` are of any kind; `object` is nothing where none was.
  virtual absl::Status SetState(const PickleMachine& machine,
                                const PickleValue& object,
                                const PickleValue& state) = 0;
  // What messages call an object of a type, like "an array".
  virtual const char* NameOfObject(uint32_t type) const = 0;
};

// What the machine may allocate.
struct PickleLimits {
  size_t on_stack = 0;
  size_t remembered = 0;  // places of the memo
  size_t in_tuples = 0;   // elements of all tuples
};

// The shape's words in the machine's messages.
struct PickleTexts {
  absl::string_view expected_opcode;
  // Remedies for a damaged file, for another way to write the values, and for
  // what would run code.
  absl::string_view intact_copy, write_again, distrust;
};

// Runs once. The arguments outlive the machine.
class PickleMachine {
 public:
  // `content` is that of the file `path`, which only messages use.
  PickleMachine(const std::string& content, const std::string& path,
                const PickleLimits& limits, const PickleTexts& texts,
                PickleShape* shape)
      : content_(content),
        path_(path),
        limits_(limits),
        texts_(texts),
        shape_(*shape) {}

  // The values left on the stack by a pickle that ends where the content does.
  // The shape's error, or DataError naming file, offset of the opcode,
  // expected, found and remedy.
  absl::StatusOr<std::vector<PickleValue>> Run();

  // DataError about `offset`, or about the last opcode; the remedy is an intact
  // copy unless it is given.
  absl::Status Fail(size_t offset, absl::string_view expected,
                    absl::string_view found, absl::string_view remedy) const;
  absl::Status Fail(absl::string_view expected, absl::string_view found,
                    absl::string_view remedy) const {
    return Fail(opcode_at_, expected, found, remedy);
  }
  absl::Status Fail(absl::string_view expected, absl::string_view found) const {
    return Fail(expected, found, texts_.intact_copy);
  }
  size_t opcode_at() const { return opcode_at_; }

  // Of a string.
  absl::string_view TextOf(const PickleValue& value) const {
    return absl::string_view(content_).substr(value.a, value.b);
  }
  bool IsString(const PickleValue& value, absl::string_view text) const {
    return value.IsString() && TextOf(value) == text;
  }
  // i < tuple.b.
  const PickleValue& Element(const PickleValue& tuple, uint32_t i) const {
    return tuples_[tuple.a + i];
  }
  // What messages call a value, like "a list".
  const char* NameOf(const PickleValue& value) const;

 private:
  absl::Status ReadProtocol();
  absl::Status ReadOpcode();
  absl::StatusOr<uint64_t> ReadNumber(size_t bytes);
  absl::StatusOr<PickleValue> Take(uint64_t bytes);
  absl::Status Push(const PickleValue& value);
  absl::StatusOr<PickleValue> Pop();
  PickleValue Top() const;
  PickleValue Below(size_t i) const;
  absl::StatusOr<size_t> FindMark() const;

  // The opcodes, or what several of them share.
  absl::Status PushInteger(size_t bytes);
  absl::Status PushString(size_t bytes_of_length, PickleKind kind);
  absl::Status PushNumbered(PickleKind kind,
                            const absl::StatusOr<uint32_t>& number);
  absl::Status PushTuple(size_t size);
  absl::Status PushTupleSinceMark();
  absl::Status Remember(const absl::StatusOr<uint64_t>& place);
  absl::Status Recall(const absl::StatusOr<uint64_t>& place);
  absl::Status Append();
  absl::Status AppendSinceMark();
  absl::Status SetItem();
  absl::Status SetItemsSinceMark();
  absl::Status PushGlobal();
  absl::Status PushGlobalFromStack();
  absl::Status Reduce();
  absl::Status Build();
  absl::Status CheckFrame();
  absl::Status Stop();

  const std::string& content_;
  const std::string& path_;
  const PickleLimits limits_;
  const PickleTexts texts_;
  PickleShape& shape_;
  size_t at_ = 0;
  size_t opcode_at_ = 0;
  bool stopped_ = false;
  std::vector<PickleValue> stack_;
  // Deques grow without a second copy of themselves.
  std::deque<PickleValue> remembered_;
  std::deque<PickleValue> tuples_;
};

}  // namespace reprise

#endif  // REPRISE_DATA_PICKLE_PICKLE_MACHINE_H_
