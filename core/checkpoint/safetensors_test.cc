#include "core/checkpoint/safetensors.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/dtype.h"
#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

// Bytes of this process on the heap, and the most of them since the last reset.
static std::atomic<int64_t> live_bytes{0}, peak_bytes{0};

void* operator new(size_t bytes) {
  void* block = std::malloc(bytes);
  if (block == nullptr) throw std::bad_alloc();
  const int64_t live = live_bytes += malloc_usable_size(block);
  if (live > peak_bytes) peak_bytes = live;
  return block;
}
void operator delete(void* block) noexcept {
  live_bytes -= malloc_usable_size(block);
  std::free(block);
}
void operator delete(void* block, size_t) noexcept { operator delete(block); }

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What tests/golden/safetensors_reference.py prints.
constexpr char kReferenceFile[] =
    "oAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJow6lhZCBcIjFcIiI6ImFcbmIifSwiZC5jb3Vu"
    "dCI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbMiwxXSwiZGF0YV9vZmZzZXRzIjpbMCwxNl19"
    "LCJjLmRvdWJsZSI6eyJkdHlwZSI6IkY2NCIsInNoYXBlIjpbXSwiZGF0YV9vZmZzZXRzIjpb"
    "MTYsMjRdfSwiYS53ZWlnaHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsM10sImRhdGFf"
    "b2Zmc2V0cyI6WzI0LDQ4XX0sImYuZW1wdHkiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzAs"
    "M10sImRhdGFfb2Zmc2V0cyI6WzQ4LDQ4XX0sImIuaGFsZiI6eyJkdHlwZSI6IkJGMTYiLCJz"
    "aGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls0OCw1NF19LCJlLmJ5dGVzIjp7ImR0eXBlIjoi"
    "VTgiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls1NCw1N119fSAgICAgIP//////////"
    "AAAAAAABAACamZmZmZm5PwAAwD8AAADAAACAPgAAQEAAAAAAAAAAvoA/AL+AQwAH/w==";

std::string ReferenceBytes() {
  std::string bytes;
  EXPECT_TRUE(absl::Base64Unescape(kReferenceFile, &bytes));
  return bytes;
}

std::string TestPath() { return testing::TempDir() + "test.safetensors"; }

// Without fsync: thousands of damaged files are written here.
void WriteBytes(const std::string& bytes) {
  std::ofstream(TestPath(), std::ios::binary) << bytes;
}

absl::StatusOr<Safetensors> ReadBytes(const std::string& bytes) {
  WriteBytes(bytes);
  return Safetensors::Read(TestPath());
}

std::string LengthBytes(uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(&bytes[0], &length, 8);
  return bytes;
}

std::string FileOf(const std::string& header, const std::string& data) {
  return LengthBytes(header.size()) + header + data;
}

template <typename T>
std::string Bytes(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()),
                     values.size() * sizeof(T));
}

template <typename T>
std::vector<T> Values(const StoredTensor& tensor) {
  std::vector<T> values(tensor.bytes.size() / sizeof(T));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

// Type, shape and size of each tensor in order.
std::string LayoutOf(const Safetensors& file) {
  std::string layout;
  for (const StoredTensor& tensor : file.tensors()) {
    absl::StrAppend(&layout, StoredTypeName(tensor.type));
    for (const int64_t extent : tensor.shape) {
      absl::StrAppend(&layout, " ", extent);
    }
    absl::StrAppend(&layout, ": ", tensor.bytes.size(), "\n");
  }
  return layout;
}

TEST(SafetensorsTest, AFileOfTheReferenceIsRead) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const Safetensors file,
                               ReadBytes(ReferenceBytes()));
  EXPECT_THAT(file.metadata(),
              ElementsAre(testing::Pair("h\u00e9ad \"1\"", "a\nb")));
  ASSERT_THAT(file.tensors(), SizeIs(6));
  const StoredTensor* tensor = file.tensors().data();
  EXPECT_EQ(tensor->name, "d.count");
  EXPECT_EQ(tensor->type, DType::kInt64);
  EXPECT_THAT(tensor->shape, ElementsAre(2, 1));
  EXPECT_THAT(Values<int64_t>(*tensor), ElementsAre(-1, int64_t{1} << 40));
  ++tensor;
  EXPECT_EQ(tensor->name, "c.double");
  EXPECT_EQ(tensor->type, DType::kFloat64);
  EXPECT_THAT(tensor->shape, IsEmpty());
  EXPECT_THAT(Values<double>(*tensor), ElementsAre(0.1));
  ++tensor;
  EXPECT_EQ(tensor->name, "a.weight");
  EXPECT_EQ(tensor->type, DType::kFloat32);
  EXPECT_THAT(tensor->shape, ElementsAre(2, 3));
  EXPECT_THAT(Values<float>(*tensor),
              ElementsAre(1.5f, -2.0f, 0.25f, 3.0f, 0.0f, -0.125f));
  ++tensor;
  EXPECT_EQ(tensor->name, "f.empty");
  EXPECT_THAT(tensor->shape, ElementsAre(0, 3));
  EXPECT_THAT(tensor->bytes, IsEmpty());
  ++tensor;
  EXPECT_EQ(tensor->name, "b.half");
  EXPECT_EQ(tensor->type, DType::kBFloat16);
  EXPECT_THAT(Values<uint16_t>(*tensor), ElementsAre(0x3F80, 0xBF00, 0x4380));
  ++tensor;
  EXPECT_EQ(tensor->name, "e.bytes");
  EXPECT_EQ(tensor->type, DType::kUint8);
  EXPECT_THAT(Values<uint8_t>(*tensor), ElementsAre(0, 7, 255));
}

TEST(SafetensorsTest, WrittenAgainAFileOfTheReferenceHasTheSameBytes) {
  const std::string bytes = ReferenceBytes();
  REPRISE_ASSERT_OK_AND_ASSIGN(const Safetensors file, ReadBytes(bytes));
  std::vector<StoredTensor> tensors = file.tensors();
  std::reverse(tensors.begin(), tensors.end());
  REPRISE_ASSERT_OK(WriteSafetensors(TestPath(), tensors, file.metadata()));
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string written,
                               ReadWholeFile(TestPath()));
  EXPECT_EQ(written, bytes);
}

TEST(SafetensorsTest, NoTensorsAtAllAreAFileToo) {
  REPRISE_ASSERT_OK(WriteSafetensors(TestPath(), {}, {}));
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string written,
                               ReadWholeFile(TestPath()));
  EXPECT_EQ(written, FileOf("{}      ", ""));
  REPRISE_ASSERT_OK_AND_ASSIGN(const Safetensors file,
                               Safetensors::Read(TestPath()));
  EXPECT_THAT(file.tensors(), IsEmpty());
  EXPECT_THAT(file.metadata(), IsEmpty());
}

TEST(SafetensorsTest, MetadataOfAnyTextComeBack) {
  const SafetensorsMetadata metadata = {
      {"", ""},
      {"quotes", "\"\\\"\\\\"},
      {"controls", std::string("\0\x1f\n", 3)},
      {"long", std::string(kMaxHeaderRunBytes / 6, '\x01')},
      {"wide", "\u20ac\U0001F600"}};
  REPRISE_ASSERT_OK(WriteSafetensors(TestPath(), {}, metadata));
  REPRISE_ASSERT_OK_AND_ASSIGN(const Safetensors file,
                               Safetensors::Read(TestPath()));
  EXPECT_EQ(file.metadata(), metadata);
}

TEST(SafetensorsTest, WhatCouldNotBeReadBackIsNotWritten) {
  const std::string four(4, '\0');
  auto write = [&](std::vector<StoredTensor> tensors,
                   SafetensorsMetadata metadata = {}) {
    return WriteSafetensors(TestPath(), std::move(tensors), metadata);
  };
  std::remove(TestPath().c_str());
  const StoredTensor good = {"a", DType::kFloat32, {1}, four};
  EXPECT_THAT(write({good, good}), FailsWith("two tensors \"a\""));
  EXPECT_THAT(write({{"a", DType::kFloat32, {2}, four}}),
              FailsWith("shape [2] and type F32 with 4 bytes"));
  EXPECT_THAT(write({{"a", DType::kInt32, {1}, four}}),
              FailsWith("\"a\" of type int32, which is not stored"));
  EXPECT_THAT(write({{"a", DType::kUint8, {-2, -2}, four}}),
              FailsWith("shape [-2, -2]"));
  EXPECT_THAT(write({{"a", DType::kUint8, {1LL << 62, 4}, ""}}),
              FailsWith("with 0 bytes"));
  EXPECT_THAT(write({{"__metadata__", DType::kFloat32, {1}, four}}),
              FailsWith("reserved"));
  EXPECT_THAT(write({{"\xff", DType::kFloat32, {1}, four}}),
              FailsWith("not UTF-8"));
  EXPECT_THAT(write({}, {{"key", "\xc0\x80"}}), FailsWith("not UTF-8"));
  EXPECT_THAT(write({}, {{"key", std::string(40000, 'x')}}),
              FailsWith("metadata \"key\" exceeds"));
  EXPECT_THAT(write({{"a", DType::kUint8,
                      std::vector<int64_t>(kMaxDimensions + 1, 1), "x"}}),
              FailsWith("9 dimensions"));
  EXPECT_THAT(Safetensors::Read(TestPath()), FailsWith("cannot open"));
}

TEST(SafetensorsTest, EveryTruncationIsRefused) {
  const std::string bytes = ReferenceBytes();
  for (size_t length = 0; length < bytes.size(); ++length) {
    const auto file = ReadBytes(bytes.substr(0, length));
    EXPECT_THAT(file, ExitsWith(ExitCode::kData)) << length;
    EXPECT_THAT(file, FailsWith(TestPath())) << length;
    EXPECT_THAT(file, FailsWith("offset ")) << length;
    EXPECT_THAT(file, FailsWith("expected ")) << length;
    EXPECT_THAT(file, FailsWith(", found ")) << length;
    EXPECT_THAT(file, FailsWith("write it again")) << length;
  }
  EXPECT_THAT(ReadBytes(bytes + "x"),
              FailsWith("1 bytes that belong to no tensor"));
}

TEST(SafetensorsTest, AnyOtherByteInTheHeaderIsRefusedOrLeavesTheLayout) {
  // Without an extent of 0, since [0, 3] and [0, 4] are equally right.
  const std::string bytes =
      FileOf(R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,3],)"
             R"("data_offsets":[0,24]},"b":{"dtype":"U8","shape":[10],)"
             R"("data_offsets":[24,34]}}    )",
             std::string(34, '{'));
  REPRISE_ASSERT_OK_AND_ASSIGN(const Safetensors original, ReadBytes(bytes));
  const std::string layout = LayoutOf(original);
  ASSERT_EQ(layout, "F32 2 3: 24\nU8 10: 10\n");
  int refused = 0, read = 0;
  for (size_t at = 0; at < bytes.size() - 34; ++at) {
    // Each bit flipped, and what JSON gives a meaning.
    std::string values = "{}[],:\"\\0123456789-+.eE \n/\xff";
    for (int bit = 0; bit < 8; ++bit) {
      values += static_cast<char>(bytes[at] ^ (1 << bit));
    }
    for (const char value : values) {
      if (value == bytes[at]) continue;
      std::string changed = bytes;
      changed[at] = value;
      const auto file = ReadBytes(changed);
      if (file.ok()) {
        ++read;
        EXPECT_EQ(LayoutOf(*file), layout) << changed;
      } else {
        ++refused;
        EXPECT_THAT(file, ExitsWith(ExitCode::kData)) << at;
      }
    }
  }
  // Only names, metadata and white space may change.
  EXPECT_GT(read, 0);
  EXPECT_GT(refused, 5 * read);
}

struct Lie {
  const char* name;
  const char* header;
  const char* message;
};

class HeaderLieTest : public testing::TestWithParam<Lie> {};

TEST_P(HeaderLieTest, IsRefused) {
  // Eight bytes of data; @ stands for the right rest of an entry.
  const std::string header = absl::StrReplaceAll(
      GetParam().header,
      {{"@", R"("dtype":"F32","shape":[2],"data_offsets":[0,8])"}});
  const auto file = ReadBytes(FileOf(header, "01234567"));
  EXPECT_THAT(file, FailsWith(GetParam().message));
  EXPECT_THAT(file, FailsWith(TestPath()));
  EXPECT_THAT(file, FailsWith("offset "));
  EXPECT_THAT(file, FailsWith("write it again"));
  EXPECT_THAT(file, ExitsWith(ExitCode::kData));
}

constexpr Lie kLies[] = {
    {"Nothing", "", "found no header"},
    {"LeadingSpace", R"( {"a":{@}})", "starts with {, found \" \""},
    {"ByteOrderMark", "\xef\xbb\xbf{\"a\":{@}}", "starts with {"},
    {"AnArray", "[]", "starts with {"},
    {"NotClosed", R"({"a":{@})", "a whole JSON object"},
    {"TwoDocuments", R"({"a":{@}}{})", "a whole JSON object"},
    {"TrailingZeros", R"({"a":{@}}x)", "a whole JSON object"},
    {"TrailingComma", R"({"a":{@},})", "a whole JSON object"},
    {"Comment", R"({"a":{@}/**/})", "a whole JSON object"},
    {"NumberForATensor", R"({"a":1})", "an object, found the number 1"},
    {"TextForATensor", R"({"a":"b"})", "found the text \"b\" for \"a\""},
    {"NullForATensor", R"({"a":null})", "found null"},
    {"ArrayForATensor", R"({"a":[]})", "found an array"},
    {"SameNameTwice",
     R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
     R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
     "\"a\" twice"},
    {"SameNameEscaped",
     R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
     R"("\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
     "\"a\" twice"},
    {"SameFieldTwice", R"({"a":{@,"dtype":"F32"}})", "a second \"dtype\""},
    {"UnknownField", R"({"a":{@,"device":"cpu"}})", "found \"device\""},
    {"NoDtype", R"({"a":{"shape":[2],"data_offsets":[0,8]}})", "not all"},
    {"NoShape", R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", "not all"},
    {"NoOffsets", R"({"a":{"dtype":"F32","shape":[2]}})", "not all"},
    {"NoFields", R"({"a":{}})", "not all"},
    {"UnknownDtype",
     R"({"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}})",
     "found \"F8_E4M3\" for \"a\""},
    {"DtypeOfOtherCase",
     R"({"a":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}})",
     "found \"f32\""},
    {"DtypeANumber", R"({"a":{"dtype":32,"shape":[2],"data_offsets":[0,8]}})",
     "expected text, found the number 32 for dtype"},
    {"DtypeOfOtherSize",
     R"({"a":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}})",
     "16 bytes for shape [2] of F64"},
    {"ShapeTooSmall",
     R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})",
     "4 bytes for shape [1] of F32, found data_offsets [0, 8], 8 bytes"},
    {"ShapeOverflows",
     R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],)"
     R"("data_offsets":[0,8]}})",
     "more than 2^63 bytes"},
    {"ShapeOverflowsTo8",
     R"({"a":{"dtype":"U8","shape":[4611686018427387905,8],)"
     R"("data_offsets":[0,8]}})",
     "more than 2^63 bytes"},
    {"ShapeNegative",
     R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
     "the negative number -2 in shape"},
    {"ShapeTwiceNegative",
     R"({"a":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}})",
     "the negative number -1"},
    {"ShapeFraction",
     R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})",
     "the number \"2.0\" in shape"},
    {"ShapeExponent",
     R"({"a":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}})",
     "the number \"2e0\""},
    {"ShapeBeyond63Bits",
     R"({"a":{"dtype":"F32","shape":[9223372036854775808],)"
     R"("data_offsets":[0,8]}})",
     "a number below 2^63"},
    {"ShapeBeyond64Bits",
     R"({"a":{"dtype":"F32","shape":[99999999999999999999],)"
     R"("data_offsets":[0,8]}})",
     "whole and not negative"},
    {"ShapeNested",
     R"({"a":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}})",
     "found an array in shape"},
    {"ShapeOfObjects",
     R"({"a":{"dtype":"F32","shape":[{}],"data_offsets":[0,8]}})",
     "found an object in shape"},
    {"ShapeOfTexts",
     R"({"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}})",
     "found the text \"2\" in shape"},
    {"NineDimensions",
     R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],)"
     R"("data_offsets":[0,8]}})",
     "at most 8 numbers in a shape"},
    {"OneOffset", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8]}})",
     "two numbers in data_offsets, found 1"},
    {"ThreeOffsets",
     R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}})",
     "at most 2 numbers in data_offsets"},
    {"OffsetsDescend",
     R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})",
     "ascending data_offsets up to 8"},
    {"OffsetsNegative",
     R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})",
     "the negative number -8 in data_offsets"},
    {"OffsetsBeyondTheFile",
     R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}})",
     "up to 8, what the file holds, found [0, 12]"},
    {"OffsetsHuge",
     R"({"a":{"dtype":"U8","shape":[9223372036854775807],)"
     R"("data_offsets":[0,9223372036854775807]}})",
     "up to 8"},
    {"Overlap",
     R"({"a":{@},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
     "an overlap: it starts at 4"},
    {"SameDataTwice", R"({"a":{@},"b":{@}})", "an overlap"},
    {"HoleInFront", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
     "a hole: it starts at 4"},
    {"HoleBetween",
     R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
     R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
     "\"b\" from data offset 2 on, found a hole"},
    {"HoleAtTheEnd",
     R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
     "the end of the file, found 4 bytes"},
    {"NoTensors", "{}", "found 8 bytes that belong to no tensor"},
    {"MetadataANumber", R"({"__metadata__":1,"a":{@}})", "an object"},
    {"MetadataOfNumbers", R"({"__metadata__":{"k":1},"a":{@}})",
     "text values in the metadata, found the number 1 for \"k\""},
    {"MetadataNested", R"({"__metadata__":{"k":{}},"a":{@}})",
     "text values in the metadata, found an object"},
    {"MetadataOfArrays", R"({"__metadata__":{"k":[]},"a":{@}})",
     "text values in the metadata, found an array"},
    {"MetadataTwice", R"({"__metadata__":{},"a":{@},"__metadata__":{}})",
     "__metadata__ once"},
    {"MetadataKeyTwice", R"({"__metadata__":{"k":"1","k":"2"},"a":{@}})",
     "\"k\" twice"},
    {"NameNotUtf8", "{\"\xff\":{@}}", "UTF-8"},
    {"NameOverlongUtf8", "{\"\xc0\x80\":{@}}", "UTF-8"},
    {"NameASurrogate", "{\"\xed\xa0\x80\":{@}}", "UTF-8"},
    {"MetadataNotUtf8", "{\"__metadata__\":{\"k\":\"\x80\"},\"a\":{@}}",
     "UTF-8"},
};

INSTANTIATE_TEST_SUITE_P(Safetensors, HeaderLieTest, testing::ValuesIn(kLies),
                         [](const testing::TestParamInfo<Lie>& info)
                             -> std::string { return info.param.name; });

// The most that reading `bytes` has on the heap at once.
int64_t PeakBytesOfReading(const std::string& bytes,
                           const char* expected_message) {
  WriteBytes(bytes);
  const int64_t before = live_bytes;
  peak_bytes = before;
  const auto file = Safetensors::Read(TestPath());
  const int64_t peak = peak_bytes - before;
  if (expected_message == nullptr) {
    REPRISE_EXPECT_OK(file);
  } else {
    EXPECT_THAT(file, FailsWith(expected_message));
    EXPECT_THAT(file, ExitsWith(ExitCode::kData));
  }
  return peak;
}

constexpr int64_t kMebibyte = 1 << 20;

TEST(SafetensorsTest, AHugeLengthIsRefusedBeforeAnythingIsAllocated) {
  for (const uint64_t length : {uint64_t{1} << 63, ~uint64_t{0},
                                uint64_t{kMaxHeaderBytes} + 1, uint64_t{9}}) {
    EXPECT_LT(PeakBytesOfReading(LengthBytes(length) + "{}      ",
                                 "at offset 0: expected a header of at most 8"),
              4096);
  }
}

TEST(SafetensorsTest, AHeaderAboveTheLimitIsRefusedEvenIfTheFileHoldsIt) {
  std::string bytes = FileOf("{}", "");
  bytes.resize(8 + kMaxHeaderBytes + 1, ' ');
  const std::string length = LengthBytes(kMaxHeaderBytes + 1);
  std::copy(length.begin(), length.end(), bytes.begin());
  EXPECT_LT(PeakBytesOfReading(bytes, "at most 100000000 bytes"), 4096);
}

TEST(SafetensorsTest, DeepNestingEndsAtTheFirstWrongBracket) {
  const std::string brackets(1 << 20, '[');
  EXPECT_LT(PeakBytesOfReading(FileOf("{\"a\":" + brackets, ""), "an array"),
            kMebibyte);
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  EXPECT_LT(PeakBytesOfReading(FileOf(objects, ""), "found \"a\""), kMebibyte);
}

TEST(SafetensorsTest, MemoryStaysWithinTheFileAndAMebibyte) {
  // Data only.
  const std::string data(5'000'000, 'x');
  const std::string one =
      R"({"a":{"dtype":"U8","shape":[5000000],"data_offsets":[0,5000000]}})";
  std::string bytes = FileOf(one, data);
  EXPECT_LE(PeakBytesOfReading(bytes, nullptr),
            static_cast<int64_t>(bytes.size()) + kMebibyte);

  // As many entries as there may be, each as costly as can be.
  std::string header = "{";
  for (int i = 0; i < kMaxStoredTensors; ++i) {
    absl::StrAppend(&header, i == 0 ? "" : ",", "\"name of tensor ", i,
                    R"(":{"dtype":"U8","shape":[0,0,0,0,0,0,0,0],)",
                    R"("data_offsets":[0,0]})");
  }
  bytes = FileOf(header + "}", "");
  EXPECT_LE(PeakBytesOfReading(bytes, nullptr),
            static_cast<int64_t>(bytes.size()) + kMebibyte);
  header += R"(,"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})";
  EXPECT_LE(PeakBytesOfReading(FileOf(header, ""), "at most 3072 tensors"),
            static_cast<int64_t>(header.size()) + kMebibyte);

  // Metadata as long as they may be.
  header = "{\"__metadata__\":{";
  for (int i = 0; i < kMaxMetadataEntries; ++i) {
    absl::StrAppend(&header, i == 0 ? "" : ",", "\"", i, "\":\"",
                    std::string(kMaxHeaderRunBytes - 2, 'v'), "\"");
  }
  bytes = FileOf(header + "}}", "");
  EXPECT_LE(PeakBytesOfReading(bytes, nullptr),
            static_cast<int64_t>(bytes.size()) + kMebibyte);
  EXPECT_LE(PeakBytesOfReading(FileOf(header + ",\"k\":\"v\"}}", ""),
                               "at most 256 entries"),
            static_cast<int64_t>(bytes.size()) + kMebibyte);

  // What never ends.
  for (const char* start : {"{\"", "{\"a\":{\"shape\":[1", "{", "{\"\\"}) {
    for (const char endless : {'n', '1', ' ', '\\'}) {
      const std::string header = start + std::string(3'000'000, endless);
      EXPECT_LT(PeakBytesOfReading(FileOf(header, ""), "found "), kMebibyte)
          << start << endless;
    }
  }
}

TEST(SafetensorsTest, AFolderOrNothingIsAStorageError) {
  EXPECT_THAT(Safetensors::Read(testing::TempDir()),
              ExitsWith(ExitCode::kStorage));
  EXPECT_THAT(Safetensors::Read(testing::TempDir() + "none"),
              ExitsWith(ExitCode::kStorage));
}

}  // namespace
}  // namespace reprise
