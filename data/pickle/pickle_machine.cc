#include "data/pickle/pickle_machine.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace reprise {

absl::StatusOr<std::vector<PickleValue>> PickleMachine::Run() {
  if (content_.size() > UINT32_MAX) {
    return Fail(0, "a file of less than 4 GiB",
                absl::StrCat(content_.size(), " bytes"), texts_.intact_copy);
  }
  REPRISE_RETURN_IF_ERROR(ReadProtocol());
  while (!stopped_) REPRISE_RETURN_IF_ERROR(ReadOpcode());
  return std::move(stack_);
}

absl::Status PickleMachine::Fail(size_t offset, absl::string_view expected,
                                 absl::string_view found,
                                 absl::string_view remedy) const {
  return DataError(absl::StrCat(path_, ": offset ", offset, ": expected ",
                                expected, ", found ", found,
                                "; remedy: ", remedy));
}

const char* PickleMachine::NameOf(const PickleValue& value) const {
  switch (value.kind) {
    case PickleKind::kNothing:
      return "nothing";
    case PickleKind::kMark:
      return "a mark";
    case PickleKind::kNone:
      return "None";
    case PickleKind::kBool:
      return "a truth value";
    case PickleKind::kInteger:
      return "an integer";
    case PickleKind::kBytes:
    case PickleKind::kLatin1Bytes:
      return "a string of bytes";
    case PickleKind::kText:
      return "a string of text";
    case PickleKind::kGlobal:
      return "a global";
    case PickleKind::kTuple:
      return "a tuple";
    case PickleKind::kList:
      return "a list";
    case PickleKind::kDict:
      return "a dict";
    case PickleKind::kObject:
      return shape_.NameOfObject(value.a);
  }
  return "";
}

// The next `bytes` bytes, as a little-endian number.
absl::StatusOr<uint64_t> PickleMachine::ReadNumber(size_t bytes) {
  REPRISE_ASSIGN_OR_RETURN(const PickleValue raw, Take(bytes));
  uint64_t number = 0;
  for (size_t i = 0; i < bytes; ++i) {
    number |= uint64_t{static_cast<uint8_t>(content_[raw.a + i])} << (8 * i);
  }
  return number;
}

absl::StatusOr<PickleValue> PickleMachine::Take(uint64_t bytes) {
  if (bytes > content_.size() - at_) {
    return Fail(absl::StrCat(bytes, " bytes after offset ", at_),
                absl::StrCat("the end of the file after ",
                             content_.size() - at_, ": it is truncated"));
  }
  const PickleValue taken = {PickleKind::kBytes, static_cast<uint32_t>(at_),
                             static_cast<uint32_t>(bytes)};
  at_ += bytes;
  return taken;
}

absl::Status PickleMachine::Push(const PickleValue& value) {
  if (stack_.size() >= limits_.on_stack) {
    return Fail(absl::StrCat("at most ", limits_.on_stack, " values at a time"),
                "more", texts_.write_again);
  }
  stack_.push_back(value);
  return absl::OkStatus();
}

absl::StatusOr<PickleValue> PickleMachine::Pop() {
  if (stack_.empty() || stack_.back().kind == PickleKind::kMark) {
    return Fail("a value for the opcode", "none");
  }
  const PickleValue value = stack_.back();
  stack_.pop_back();
  return value;
}

// Nothing where the stack is empty.
PickleValue PickleMachine::Top() const { return Below(stack_.size()); }

// The value before position `i` of the stack; nothing where there is none.
PickleValue PickleMachine::Below(size_t i) const {
  return i == 0 ? PickleValue() : stack_[i - 1];
}

// The position of the last mark.
absl::StatusOr<size_t> PickleMachine::FindMark() const {
  for (size_t i = stack_.size(); i > 0; --i) {
    if (stack_[i - 1].kind == PickleKind::kMark) return i - 1;
  }
  return Fail("a mark before the opcode", "none");
}

absl::Status PickleMachine::ReadProtocol() {
  if (content_.empty() || content_[0] != '\x80') {
    return Fail(
        "a pickle of protocol 2 to 4 (80)",
        content_.empty()
            ? "an empty file"
            : absl::StrFormat("%02x", static_cast<uint8_t>(content_[0])),
        texts_.write_again);
  }
  at_ = 1;
  REPRISE_ASSIGN_OR_RETURN(const uint64_t protocol, ReadNumber(1));
  if (protocol < 2 || protocol > 4) {
    return Fail(1, "protocol 2 to 4", absl::StrCat(protocol),
                texts_.write_again);
  }
  return absl::OkStatus();
}

absl::Status PickleMachine::ReadOpcode() {
  opcode_at_ = at_;
  if (at_ == content_.size()) {
    return Fail("an opcode", "the end of the file: it is truncated");
  }
  const char opcode = content_[at_++];
  switch (opcode) {
    case '.':
      return Stop();
    case '(':
      return Push({PickleKind::kMark});
    case 'N':
      return Push({PickleKind::kNone});
    case '\x88':
      return Push({PickleKind::kBool, 1});
    case '\x89':
      return Push({PickleKind::kBool, 0});
    case 'K':
      return PushInteger(1);
    case 'M':
      return PushInteger(2);
    case 'J':
      return PushInteger(4);
    case 'U':  // SHORT_BINSTRING
    case 'C':  // SHORT_BINBYTES
      return PushString(1, PickleKind::kBytes);
    case 'T':  // BINSTRING
    case 'B':  // BINBYTES
      return PushString(4, PickleKind::kBytes);
    case '\x8c':  // SHORT_BINUNICODE
      return PushString(1, PickleKind::kText);
    case 'X':  // BINUNICODE
      return PushString(4, PickleKind::kText);
    case '}':
      return PushNumbered(PickleKind::kDict, shape_.MakeDict(*this));
    case ']':
      return PushNumbered(PickleKind::kList, shape_.MakeList(*this));
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
      return Fail(texts_.expected_opcode,
                  absl::StrFormat("0x%02x ('%s')", static_cast<uint8_t>(opcode),
                                  absl::CEscape(absl::string_view(&opcode, 1))),
                  texts_.distrust);
  }
}

absl::Status PickleMachine::PushInteger(size_t bytes) {
  REPRISE_ASSIGN_OR_RETURN(const uint64_t number, ReadNumber(bytes));
  return Push({PickleKind::kInteger, static_cast<uint32_t>(number)});
}

absl::Status PickleMachine::PushString(size_t bytes_of_length,
                                       PickleKind kind) {
  REPRISE_ASSIGN_OR_RETURN(const uint64_t length, ReadNumber(bytes_of_length));
  REPRISE_ASSIGN_OR_RETURN(PickleValue value, Take(length));
  value.kind = kind;
  return Push(value);
}

absl::Status PickleMachine::PushNumbered(
    PickleKind kind, const absl::StatusOr<uint32_t>& number) {
  REPRISE_RETURN_IF_ERROR(number.status());
  return Push({kind, *number});
}

absl::Status PickleMachine::PushTuple(size_t size) {
  if (tuples_.size() + size > limits_.in_tuples) {
    return Fail("fewer tuples", absl::StrCat("over ", limits_.in_tuples),
                texts_.write_again);
  }
  const PickleValue tuple = {PickleKind::kTuple,
                             static_cast<uint32_t>(tuples_.size()),
                             static_cast<uint32_t>(size)};
  tuples_.resize(tuples_.size() + size);
  for (size_t i = size; i > 0; --i) {
    REPRISE_ASSIGN_OR_RETURN(tuples_[tuple.a + i - 1], Pop());
  }
  return Push(tuple);
}

absl::Status PickleMachine::PushTupleSinceMark() {
  REPRISE_ASSIGN_OR_RETURN(const size_t mark, FindMark());
  const size_t size = stack_.size() - mark - 1;
  if (size == 0) return Fail("a tuple of elements", "an empty one");
  REPRISE_RETURN_IF_ERROR(PushTuple(size));
  stack_.erase(stack_.end() - 2);  // the mark
  return absl::OkStatus();
}

absl::Status PickleMachine::Remember(const absl::StatusOr<uint64_t>& place) {
  REPRISE_RETURN_IF_ERROR(place.status());
  if (stack_.empty() || Top().kind == PickleKind::kMark) {
    return Fail("a value to be remembered", "none");
  }
  if (*place >= limits_.remembered) {
    return Fail(absl::StrCat("a place of the memo below ", limits_.remembered),
                absl::StrCat(*place), texts_.write_again);
  }
  if (*place >= remembered_.size()) remembered_.resize(*place + 1);
  remembered_[*place] = stack_.back();
  return absl::OkStatus();
}

absl::Status PickleMachine::Recall(const absl::StatusOr<uint64_t>& place) {
  REPRISE_RETURN_IF_ERROR(place.status());
  if (*place >= remembered_.size() ||
      remembered_[*place].kind == PickleKind::kNothing) {
    return Fail("a place of the memo that was filled", absl::StrCat(*place));
  }
  return Push(remembered_[*place]);
}

absl::Status PickleMachine::Append() {
  REPRISE_ASSIGN_OR_RETURN(const PickleValue element, Pop());
  if (Top().kind != PickleKind::kList) {
    return Fail("a list to append to", NameOf(Top()));
  }
  return shape_.Append(*this, Top(), element);
}

absl::Status PickleMachine::AppendSinceMark() {
  REPRISE_ASSIGN_OR_RETURN(const size_t mark, FindMark());
  if (Below(mark).kind != PickleKind::kList) {
    return Fail("a list to append to", NameOf(Below(mark)));
  }
  for (size_t i = mark + 1; i < stack_.size(); ++i) {
    REPRISE_RETURN_IF_ERROR(shape_.Append(*this, Below(mark), stack_[i]));
  }
  stack_.resize(mark);
  return absl::OkStatus();
}

absl::Status PickleMachine::SetItem() {
  REPRISE_ASSIGN_OR_RETURN(const PickleValue value, Pop());
  REPRISE_ASSIGN_OR_RETURN(const PickleValue key, Pop());
  if (Top().kind != PickleKind::kDict) {
    return Fail("a dict to set an item of", NameOf(Top()));
  }
  return shape_.SetItem(*this, Top(), key, value);
}

absl::Status PickleMachine::SetItemsSinceMark() {
  REPRISE_ASSIGN_OR_RETURN(const size_t mark, FindMark());
  if (Below(mark).kind != PickleKind::kDict) {
    return Fail("a dict to set items of", NameOf(Below(mark)));
  }
  if ((stack_.size() - mark - 1) % 2 != 0) {
    return Fail("pairs of key and value", "an odd number of values");
  }
  for (size_t i = mark + 1; i < stack_.size(); i += 2) {
    REPRISE_RETURN_IF_ERROR(
        shape_.SetItem(*this, Below(mark), stack_[i], stack_[i + 1]));
  }
  stack_.resize(mark);
  return absl::OkStatus();
}

absl::Status PickleMachine::PushGlobal() {
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
  return PushNumbered(PickleKind::kGlobal,
                      shape_.FindGlobal(*this, lines[0], lines[1]));
}

absl::Status PickleMachine::PushGlobalFromStack() {
  REPRISE_ASSIGN_OR_RETURN(const PickleValue name, Pop());
  REPRISE_ASSIGN_OR_RETURN(const PickleValue module, Pop());
  if (name.kind != PickleKind::kText || module.kind != PickleKind::kText) {
    return Fail("a global named by two strings of text",
                absl::StrCat(NameOf(module), " and ", NameOf(name)),
                texts_.distrust);
  }
  return PushNumbered(PickleKind::kGlobal,
                      shape_.FindGlobal(*this, TextOf(module), TextOf(name)));
}

// A call, in pickle's terms.
absl::Status PickleMachine::Reduce() {
  REPRISE_ASSIGN_OR_RETURN(const PickleValue arguments, Pop());
  REPRISE_ASSIGN_OR_RETURN(const PickleValue callee, Pop());
  if (callee.kind != PickleKind::kGlobal ||
      arguments.kind != PickleKind::kTuple) {
    return Fail(
        "a call of a global with a tuple",
        absl::StrCat("one of ", NameOf(callee), " with ", NameOf(arguments)),
        texts_.distrust);
  }
  REPRISE_ASSIGN_OR_RETURN(const PickleValue result,
                           shape_.Call(*this, callee, arguments));
  return Push(result);
}

absl::Status PickleMachine::Build() {
  REPRISE_ASSIGN_OR_RETURN(const PickleValue state, Pop());
  return shape_.SetState(*this, Top(), state);
}

absl::Status PickleMachine::CheckFrame() {
  REPRISE_ASSIGN_OR_RETURN(const uint64_t length, ReadNumber(8));
  if (length > content_.size() - at_) {
    return Fail(absl::StrCat("a frame of ", length, " bytes"),
                absl::StrCat(content_.size() - at_,
                             " before the end: it is truncated"));
  }
  return absl::OkStatus();
}

absl::Status PickleMachine::Stop() {
  if (at_ != content_.size()) {
    return Fail(at_, "the end of the file after the pickle",
                absl::StrCat(content_.size() - at_, " more bytes"),
                texts_.intact_copy);
  }
  stopped_ = true;
  return absl::OkStatus();
}

}  // namespace reprise
