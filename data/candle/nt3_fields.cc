#include "data/candle/nt3_fields.h"

#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/processor.h"
#include "data/candle/decimal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define REPRISE_NT3_VECTORS 1
#else
#define REPRISE_NT3_VECTORS 0
#endif

namespace reprise {
namespace {

absl::string_view TextOf(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

// A field as a message shows it.
std::string Quoted(absl::string_view text) {
  constexpr size_t kShown = 40;
  if (text.empty()) return "an empty field";
  return absl::StrCat("'", absl::CHexEscape(text.substr(0, kShown)),
                      text.size() > kShown ? "'..." : "'");
}

}  // namespace

bool HasNt3Kernel(Nt3Kernel kernel) {
  switch (kernel) {
    case Nt3Kernel::kPortable:
      return true;
#if REPRISE_NT3_VECTORS
    case Nt3Kernel::kAvx2:
      return ThisProcessor() >= ProcessorFamily::kAvx2;
    case Nt3Kernel::kAvx512:
      return ThisProcessor() >= ProcessorFamily::kAvx512;
#else
    default:
      return false;
#endif
  }
  return false;
}

Nt3Kernel FastestNt3Kernel() {
  for (const Nt3Kernel kernel : {Nt3Kernel::kAvx512, Nt3Kernel::kAvx2}) {
    if (HasNt3Kernel(kernel)) return kernel;
  }
  return Nt3Kernel::kPortable;
}

Nt3FieldReader::Nt3FieldReader(Nt3Kernel kernel, int64_t features,
                               int32_t classes, float* rows, int64_t first_row,
                               int64_t end_row)
    : kernel_(kernel),
      features_(features),
      classes_(classes),
      first_row_(first_row),
      end_row_(end_row),
      row_(rows + first_row * features) {}

const char* Nt3FieldReader::Read(const char* begin, const char* end) {
#if REPRISE_NT3_VECTORS
  switch (kernel_) {
    case Nt3Kernel::kAvx512:
      return ReadAvx512(begin, end);
    case Nt3Kernel::kAvx2:
      return ReadAvx2(begin, end);
    case Nt3Kernel::kPortable:
      break;
  }
#endif
  return ReadPortable(begin, end);
}

bool Nt3FieldReader::Finish(const char* begin, const char* end) {
  // Nothing after the last newline is not a row.
  if (begin == end && column_ == 0) return true;
  return TakeField(begin, end, /*ends_row=*/true);
}

const char* Nt3FieldReader::ReadPortable(const char* begin, const char* end) {
  const char* start = begin;
  for (const char* at = begin; at < end; ++at) {
    if (*at != ',' && *at != '\n') continue;
    if (!TakeField(start, at, *at == '\n')) return nullptr;
    start = at + 1;
  }
  return start;
}

bool Nt3FieldReader::TakeField(const char* begin, const char* end,
                               bool ends_row) {
  if (ends_row && end > begin && end[-1] == '\r') --end;
  if (column_ == 0 && begin == end && ends_row) {
    return SetFault(begin, 0,
                    absl::StrCat("a label and ", features_, " numbers"),
                    "an empty line", "remove it");
  }
  if (column_ > features_) {
    return SetFault(
        begin, column_,
        absl::StrCat("the end of the row after ", features_ + 1,
                     " columns (a label and ", features_, " numbers)"),
        "one column more", "replace the file with NT3's, unchanged");
  }
  if (column_ == 0) {
    if (!TakeLabel(begin, end)) return false;
  } else if (!TakeValue(begin, end, column_, row_ + column_ - 1)) {
    return false;
  }
  ++column_;
  if (!ends_row) return true;
  if (column_ <= features_) {
    return SetFault(end, column_,
                    absl::StrCat(features_ + 1, " columns (a label and ",
                                 features_, " numbers)"),
                    absl::StrCat("the end of the row after ", column_),
                    "the file is truncated or not NT3's: replace it");
  }
  labels_.push_back(label_);
  column_ = 0;
  row_ += features_;
  return true;
}

bool Nt3FieldReader::TakeLabel(const char* begin, const char* end) {
  if (first_row_ + static_cast<int64_t>(labels_.size()) >= end_row_) {
    out_of_room_ = true;
    return false;
  }
  if (end - begin > kLongestField) return SetTooLong(begin, 0);
  float value = 0;
  const absl::string_view text = TextOf(begin, end);
  const DecimalResult result = ParseDecimal(text, &value);
  label_ = 0;
  while (label_ < classes_ && static_cast<float>(label_) != value) ++label_;
  if (result != DecimalResult::kOk || label_ == classes_) {
    return SetFault(begin, 0, absl::StrCat("a label of 0 to ", classes_ - 1),
                    Quoted(text),
                    "a header line must be removed; otherwise replace the file "
                    "with NT3's");
  }
  return true;
}

bool Nt3FieldReader::TakeValue(const char* begin, const char* end,
                               int64_t column, float* value) {
  const absl::string_view text = TextOf(begin, end);
  if (end - begin > kLongestField) return SetTooLong(begin, column);
  switch (ParseDecimal(text, value)) {
    case DecimalResult::kOk:
      return true;
    case DecimalResult::kOutOfRange:
      return SetFault(begin, column, "a number in the range of float32",
                      Quoted(text), "correct it or replace the file");
    case DecimalResult::kEmpty:
    case DecimalResult::kNotANumber:
      break;
  }
  return SetFault(begin, column,
                  "a finite decimal number without spaces or quotes",
                  Quoted(text), "correct it or replace the file");
}

void Nt3FieldReader::SetTooLong(const char* begin) {
  SetTooLong(begin, column_);
}

bool Nt3FieldReader::SetTooLong(const char* begin, int64_t column) {
  return SetFault(
      begin, column,
      absl::StrCat("a number of at most ", kLongestField, " characters"),
      Quoted(TextOf(begin, begin + kLongestField)),
      "replace the file with NT3's");
}

bool Nt3FieldReader::SetFault(const char* begin, int64_t column,
                              std::string expected, std::string found,
                              std::string remedy) {
  fault_.row = first_row_ + static_cast<int64_t>(labels_.size()) + 1;
  fault_.column = column + 1;
  fault_.at = begin;
  fault_.expected = std::move(expected);
  fault_.found = std::move(found);
  fault_.remedy = std::move(remedy);
  return false;
}

#if REPRISE_NT3_VECTORS
namespace {

// The vector kernels look at the 16 bytes before a separator, so that a field's
// digits lie at the end whatever its length.
constexpr int kWidth = 16;

// Moves the bytes before a decimal point at byte p over it. A number without a
// point counts as one with its point at the last byte, where moving would lose
// a digit: that entry moves nothing, and a point that really is there is then
// no digit, which leaves the field to ParseDecimal.
struct PointTable {
  alignas(16) uint8_t sources[kWidth][kWidth];
};
constexpr PointTable MakePointTable() {
  PointTable table{};
  for (int p = 0; p < kWidth; ++p) {
    for (int i = 0; i < kWidth; ++i) {
      const bool moved = i <= p && p != kWidth - 1;
      // 0x80 gives a zero.
      table.sources[p][i] =
          static_cast<uint8_t>(moved ? (i == 0 ? 0x80 : i - 1) : i);
    }
  }
  return table;
}
constexpr PointTable kPointTable = MakePointTable();

// 10 to the number of digits after a point at byte p.
constexpr std::array<double, kWidth> kDivisorOfPoint = {
    1e15, 1e14, 1e13, 1e12, 1e11, 1e10, 1e9, 1e8,
    1e7,  1e6,  1e5,  1e4,  1e3,  1e2,  1e1, 1e0};

// The last `length` of 16 bytes, read from byte `length` on.
struct TailTable {
  uint8_t bytes[2 * kWidth];
};
constexpr TailTable MakeTailTable() {
  TailTable table{};
  for (int i = kWidth; i < 2 * kWidth; ++i) table.bytes[i] = 0xFF;
  return table;
}
constexpr TailTable kTailTable = MakeTailTable();

}  // namespace

#define REPRISE_TARGET_AVX2 __attribute__((target("avx2,bmi,popcnt")))
#define REPRISE_TARGET_AVX512                               \
  __attribute__((                                           \
      target("avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi," \
             "popcnt")))

namespace {

// The number whose 16 digits are the bytes of `digits`.
__attribute__((target("avx2,bmi,popcnt"), always_inline)) inline uint64_t
NumberOf(__m128i digits) {
  const __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(10 | 1 << 8));
  const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(100 | 1 << 16));
  const __m128i packed = _mm_packus_epi32(fours, fours);
  const __m128i eights =
      _mm_madd_epi16(packed, _mm_set1_epi32(10000 | 1 << 16));
  const uint64_t both = static_cast<uint64_t>(_mm_cvtsi128_si64(eights));
  return (both & 0xFFFFFFFF) * 100000000 + (both >> 32);
}

}  // namespace

REPRISE_TARGET_AVX2 const char* Nt3FieldReader::ReadAvx2(const char* begin,
                                                         const char* end) {
  const char* start = begin;
  for (const char* block = begin; block < end; block += 64) {
    uint64_t separators = 0, newlines = 0;
    for (int half = 0; half < 2; ++half) {
      const __m256i text = _mm256_loadu_si256(
          reinterpret_cast<const __m256i*>(block + 32 * half));
      const __m256i commas = _mm256_cmpeq_epi8(text, _mm256_set1_epi8(','));
      const __m256i ends = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('\n'));
      separators |= static_cast<uint64_t>(
                        static_cast<uint32_t>(_mm256_movemask_epi8(commas)))
                    << (32 * half);
      newlines |= static_cast<uint64_t>(
                      static_cast<uint32_t>(_mm256_movemask_epi8(ends)))
                  << (32 * half);
    }
    separators |= newlines;
    if (end - block < 64) {
      const uint64_t within = (uint64_t{1} << (end - block)) - 1;
      separators &= within;
      newlines &= within;
    }
    // No row begins or ends here.
    const bool inside = newlines == 0 && column_ != 0 &&
                        column_ + __builtin_popcountll(separators) <= features_;
    float* out = row_ + column_ - 1;
    for (; separators != 0; separators &= separators - 1) {
      const char* const at = block + __builtin_ctzll(separators);
      const char* const field = start;
      start = at + 1;
      if (!inside) {
        if (!TakeField(field, at, *at == '\n')) return nullptr;
        continue;
      }
      const bool negative = *field == '-';
      const int64_t length = at - field - negative;
      ++column_;
      float* const value = out++;
      if (length <= kWidth) {
        const __m128i text =
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(at - kWidth));
        const __m128i own = _mm_loadu_si128(
            reinterpret_cast<const __m128i*>(kTailTable.bytes + length));
        __m128i digits =
            _mm_and_si128(_mm_sub_epi8(text, _mm_set1_epi8('0')), own);
        const unsigned points = static_cast<unsigned>(_mm_movemask_epi8(
            _mm_cmpeq_epi8(digits, _mm_set1_epi8('.' - '0'))));
        const int point = __builtin_ctz(points | 1u << (kWidth - 1));
        digits = _mm_shuffle_epi8(
            digits, _mm_load_si128(reinterpret_cast<const __m128i*>(
                        kPointTable.sources[point])));
        const __m128i nine = _mm_set1_epi8(9);
        const int are_digits =
            _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(digits, nine), nine));
        const double scaled =
            static_cast<double>(static_cast<int64_t>(NumberOf(digits))) /
            kDivisorOfPoint[point];
        if (are_digits == 0xFFFF && length > (points != 0) &&
            decimal_internal::RoundsTheSame(scaled)) {
          const float rounded = static_cast<float>(scaled);
          *value = negative ? -rounded : rounded;
          continue;
        }
      }
      if (!TakeValue(field, at, column_ - 1, value)) return nullptr;
    }
  }
  return start;
}

REPRISE_TARGET_AVX512 const char* Nt3FieldReader::ReadAvx512(const char* begin,
                                                             const char* end) {
  // Of the fields of one block; lanes that none uses hold old numbers.
  alignas(64) uint64_t numbers[64] = {};
  alignas(64) uint64_t points[64] = {};
  const char* fields[65];
  const __m512d low_divisors = _mm512_loadu_pd(kDivisorOfPoint.data());
  const __m512d high_divisors = _mm512_loadu_pd(kDivisorOfPoint.data() + 8);
  const __m128i ascii_zero = _mm_set1_epi8('0');
  fields[0] = begin;
  for (const char* block = begin; block < end; block += 64) {
    const __m512i text = _mm512_loadu_si512(block);
    uint64_t separators = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8(','));
    uint64_t newlines = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('\n'));
    if (end - block < 64) {
      const uint64_t within = (uint64_t{1} << (end - block)) - 1;
      separators &= within;
      newlines &= within;
    }
    const int count = __builtin_popcountll(separators);
    // A row begins or ends here.
    if (newlines != 0 || column_ == 0 || column_ + count > features_) {
      separators |= newlines;
      for (; separators != 0; separators &= separators - 1) {
        const char* const at = block + __builtin_ctzll(separators);
        if (!TakeField(fields[0], at, *at == '\n')) return nullptr;
        fields[0] = at + 1;
      }
      continue;
    }

    uint64_t negatives = 0, left = 0;  // bit i: field i
    const char* field = fields[0];
    for (int i = 0; i < count; ++i, separators &= separators - 1) {
      const char* const at = block + __builtin_ctzll(separators);
      const uint64_t negative = *field == '-';
      const uint64_t length = static_cast<uint64_t>(at - field) - negative;
      const __mmask16 own =
          static_cast<__mmask16>(0xFFFF0000u >> (length & 31));
      __m128i digits = _mm_sub_epi8(
          _mm_mask_loadu_epi8(ascii_zero, own, at - kWidth), ascii_zero);
      const uint32_t dots =
          _mm_cmpeq_epi8_mask(digits, _mm_set1_epi8('.' - '0'));
      const int point = __builtin_ctz(dots | 1u << (kWidth - 1));
      digits = _mm_shuffle_epi8(digits,
                                _mm_load_si128(reinterpret_cast<const __m128i*>(
                                    kPointTable.sources[point])));
      const bool other = _mm_cmpgt_epu8_mask(digits, _mm_set1_epi8(9)) != 0;
      numbers[i] = NumberOf(digits);
      points[i] = static_cast<uint64_t>(point);
      // Also where the field has no digit at all.
      left |= static_cast<uint64_t>(other | (length > kWidth) |
                                    (length <= (dots != 0)))
              << i;
      negatives |= negative << i;
      field = at + 1;
      fields[i + 1] = field;
    }
    float* const out = row_ + column_ - 1;
    for (int i = 0; i < count; i += 8) {
      const __mmask8 lanes =
          static_cast<__mmask8>(count - i >= 8 ? 0xFF : (1 << (count - i)) - 1);
      const __m512d divisors = _mm512_permutex2var_pd(
          low_divisors, _mm512_load_si512(points + i), high_divisors);
      const __m512d scaled = _mm512_div_pd(
          _mm512_cvtepu64_pd(_mm512_load_si512(numbers + i)), divisors);
      // decimal_internal::RoundsTheSame.
      const __m512i dropped = _mm512_and_si512(
          _mm512_castpd_si512(scaled), _mm512_set1_epi64((1 << 29) - 1));
      const __mmask8 ambiguous = _mm512_mask_cmple_epu64_mask(
          lanes, _mm512_sub_epi64(dropped, _mm512_set1_epi64((1 << 28) - 4)),
          _mm512_set1_epi64(8));
      left |= static_cast<uint64_t>(ambiguous) << i;
      // maskz: gcc 12 warns of the plain conversion's own undefined operand.
      const __m256i signs = _mm256_maskz_set1_epi32(
          static_cast<__mmask8>(negatives >> i), INT32_MIN);
      const __m256 values = _mm256_castsi256_ps(_mm256_or_si256(
          _mm256_castps_si256(_mm512_maskz_cvtpd_ps(0xFF, scaled)), signs));
      _mm256_mask_storeu_ps(out + i, lanes, values);
    }
    for (; left != 0; left &= left - 1) {
      const int i = __builtin_ctzll(left);
      if (!TakeValue(fields[i], fields[i + 1] - 1, column_ + i, out + i)) {
        return nullptr;
      }
    }
    column_ += count;
    fields[0] = field;
  }
  return fields[0];
}
#endif  // REPRISE_NT3_VECTORS

}  // namespace reprise
