// The text of NT3's CSV to rows of float32, piece by piece: the inner part of
// nt3_csv, which reads files.
//
// A row is a label and `features` numbers, separated by commas and ended by LF
// or CRLF. Every number becomes the float32 nearest to it (decimal.h), by every
// kernel. The vector kernels find the separators of 64 bytes at a time, take
// fields of up to 16 characters without exponent as vectors of digits, and
// leave the rest to ParseDecimal.
#ifndef REPRISE_DATA_CANDLE_NT3_FIELDS_H_
#define REPRISE_DATA_CANDLE_NT3_FIELDS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace reprise {

enum class Nt3Kernel {
  kPortable,  // the reference
  kAvx2,
  kAvx512,
};

// Whether this processor has what `kernel` needs (core/base/processor.h).
bool HasNt3Kernel(Nt3Kernel kernel);
Nt3Kernel FastestNt3Kernel();

// The first thing that is wrong in a text.
struct Nt3Fault {
  int64_t row = 0;           // from 1
  int64_t column = 0;        // from 1, the label's column
  const char* at = nullptr;  // where the field begins in the text given
  std::string expected, found, remedy;
};

// Not thread-safe; movable only before use.
class Nt3FieldReader {
 public:
  // What must be readable, whatever it holds, before and after a text.
  static constexpr int64_t kReadableBefore = 16;
  static constexpr int64_t kReadableAfter = 64;
  // A longer field is a fault.
  static constexpr int64_t kLongestField = 4096;

  // Row r of the file goes to `rows` + r * features, for first_row <= r <
  // end_row; labels are 0 to classes - 1.
  Nt3FieldReader(Nt3Kernel kernel, int64_t features, int32_t classes,
                 float* rows, int64_t first_row, int64_t end_row);

  // Takes all fields that end within [begin, end). Returns where the first one
  // that does not begins; the caller gives it again with what follows it.
  // nullptr: a fault, after which the reader is not to be used.
  const char* Read(const char* begin, const char* end);

  // The end of the file: [begin, end) is what the last Read left. False: a
  // fault.
  bool Finish(const char* begin, const char* end);

  // Makes the field that begins at `begin` the fault: it is too long to end.
  void SetTooLong(const char* begin);

  // More rows than there is room for.
  bool out_of_room() const { return out_of_room_; }
  const Nt3Fault& fault() const { return fault_; }
  // One per whole row taken.
  const std::vector<int32_t>& labels() const { return labels_; }

 private:
  const char* ReadPortable(const char* begin, const char* end);
  const char* ReadAvx2(const char* begin, const char* end);
  const char* ReadAvx512(const char* begin, const char* end);
  // Any field, ended by a newline or not.
  bool TakeField(const char* begin, const char* end, bool ends_row);
  // One that is neither the first nor the last of its row, which has room.
  bool TakeValue(const char* begin, const char* end, int64_t column,
                 float* value);
  bool TakeLabel(const char* begin, const char* end);
  // These two return false.
  bool SetTooLong(const char* begin, int64_t column);
  bool SetFault(const char* begin, int64_t column, std::string expected,
                std::string found, std::string remedy);

  const Nt3Kernel kernel_;
  const int64_t features_;
  const int32_t classes_;
  const int64_t first_row_, end_row_;
  float* row_;          // of the row being read
  int64_t column_ = 0;  // of the next field, from 0
  int32_t label_ = 0;
  std::vector<int32_t> labels_;
  bool out_of_room_ = false;
  Nt3Fault fault_;
};

}  // namespace reprise

#endif  // REPRISE_DATA_CANDLE_NT3_FIELDS_H_
