#include "data/cifar10/cifar_pickle.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "data/cifar10/cifar_batch.h"
#include "data/cifar10/cifar_pickle_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;

std::string Pixels(size_t records) {
  std::string pixels;
  for (size_t i = 0; i < records * 3072; ++i) {
    pixels.push_back(static_cast<char>(i * 7 + i / 3072));
  }
  return pixels;
}

PickledBatch TwoRecords() { return PickledBatch({6, 9}, Pixels(2)); }

std::string PixelsOf(const CifarBatch& batch) {
  std::string pixels;
  for (size_t i = 0; i < batch.labels.size(); ++i) {
    pixels += batch.content.substr(batch.first + i * batch.stride, 3072);
  }
  return pixels;
}

absl::StatusOr<CifarBatch> Parse(const std::string& text) {
  return ParseCifarPickle(text, "data_batch_1");
}

TEST(CifarPickle, ReadsLabelsAndPixels) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const CifarBatch batch,
                               Parse(TwoRecords().Text()));
  EXPECT_THAT(batch.labels, ElementsAre(6, 9));
  EXPECT_EQ(PixelsOf(batch), Pixels(2));
}

TEST(CifarPickle, ReadsOneRecordAndListsOfManyPieces) {
  for (const size_t records : {1, 1000, 2345}) {
    std::vector<uint8_t> labels;
    for (size_t i = 0; i < records; ++i) labels.push_back(i % 10);
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const CifarBatch batch,
        Parse(PickledBatch(labels, Pixels(records)).Text()));
    EXPECT_EQ(batch.labels, labels);
    EXPECT_EQ(PixelsOf(batch), Pixels(records));
  }
}

TEST(CifarPickle, DoesWithoutTheKeysThatItIgnores) {
  const PickledBatch batch = TwoRecords();
  REPRISE_EXPECT_OK(
      Parse(absl::StrCat("\x80\x02}(", PickledBytes("labels"), batch.labels,
                         PickledBytes("data"), batch.Array(), "u.")));
}

// The same value, built in another way that pickle knows.
TEST(CifarPickle, ReadsSingleAppendsAndItems) {
  const PickledBatch batch({6}, Pixels(1));
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const CifarBatch read,
      Parse(absl::StrCat("\x80\x02}", PickledBytes("labels"), "]K\x06", "as",
                         PickledBytes("data"), batch.Array(), "s.")));
  EXPECT_THAT(read.labels, ElementsAre(6));
}

struct Fault {
  std::string text;
  const char* message;
};

void ExpectFaults(const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) {
    const auto result = Parse(fault.text);
    EXPECT_THAT(result, ExitsWith(ExitCode::kData)) << fault.message;
    EXPECT_THAT(result,
                AllOf(FailsWith("data_batch_1: offset "),
                      FailsWith("; remedy: "), FailsWith(fault.message)));
  }
}

// Labels from an array of numpy's, which is harmless: no word of code.
TEST(CifarPickle, LabelsOfNumpyGetARemedyOfTheirOwn) {
  for (const char* module :
       {"numpy.core.multiarray", "numpy._core.multiarray"}) {
    const auto result =
        Parse(absl::StrCat("\x80\x02", PickledGlobal(module, "scalar"), "."));
    EXPECT_THAT(result, ExitsWith(ExitCode::kData));
    EXPECT_THAT(result,
                FailsWith("a number of numpy's; remedy: write it with "
                          "'labels': [int(label) for label in labels]"));
  }
  EXPECT_THAT(Parse(absl::StrCat("\x80\x02", PickledGlobal("numpy", "dtype"),
                                 "N\x85R.")),
              FailsWith("found another dtype; remedy: write 'data' as uint8"));
}

TEST(CifarPickle, RefusesWhatWouldRunCode) {
  const std::string argument = PickledBytes("touch /tmp/owned");
  const std::string no_global =
      "expected no global but numpy's _reconstruct, ndarray and dtype and "
      "_codecs.encode, found ";
  const char kNoOpcode[] = "expected an opcode that CIFAR-10's batches ";
  for (const auto& [module, name] :
       std::vector<std::pair<std::string, std::string>>{
           {"os", "system"},
           {"posix", "system"},
           {"__builtin__", "eval"},
           {"builtins", "exec"},
           {"subprocess", "Popen"},
           {"numpy", "load"},
           {"numpy", "dtype.__class__"},
           {"numpy.core.multiarray", "scalar"},
           {"numpy.core.multiarray", "ndarray"},
           {"_codecs", "decode"},
           {"", ""}}) {
    const std::string found = no_global + module + "." + name;
    ExpectFaults({
        {absl::StrCat("\x80\x02", PickledGlobal(module, name), argument,
                      "\x85R."),
         found.c_str()},
        {absl::StrCat("\x80\x04\x8c", std::string(1, module.size()), module,
                      "\x8c", std::string(1, name.size()), name, "\x93",
                      argument, "\x85R."),
         found.c_str()},
    });
  }
  const std::string os_system = "os\nsystem\n";
  ExpectFaults({
      // INST, OBJ, NEWOBJ, NEWOBJ_EX, EXT1, EXT2, EXT4, PERSID, BINPERSID
      {"\x80\x02(" + argument + "i" + os_system + ".",
       "found 0x69 ('i'); remedy: do not load this file with pickle either"},
      {"\x80\x02(" + argument + "o.", kNoOpcode},
      {"\x80\x02)\x81.", kNoOpcode},
      {"\x80\x04N\x92.", kNoOpcode},
      {"\x80\x02\x82\x01.", kNoOpcode},
      {std::string("\x80\x02\x83\x01\x00.", 6), kNoOpcode},
      {std::string("\x80\x02\x84\x01\x00\x00\x00.", 8), kNoOpcode},
      {"\x80\x02Px\n.", kNoOpcode},
      {"\x80\x02NQ.", kNoOpcode},
      // Protocol 0 and 1.
      {"(S'labels'\nI1\nd.", "expected a pickle of protocol 2 to 4 (80)"},
      {"\x80\x02I1\n.", kNoOpcode},
      {"\x80\x02S'x'\n.", kNoOpcode},
      // A call of what is not a global.
      {absl::StrCat("\x80\x02", argument, argument, "\x85R."),
       "expected a call of a global with a tuple, found one of a string of "
       "bytes"},
      {absl::StrCat("\x80\x02", PickledGlobal("numpy", "ndarray"), "K\x01",
                    "\x85R."),
       "expected the arguments that numpy writes"},
      {absl::StrCat("\x80\x02", PickledGlobal("_codecs", "encode"), argument,
                    PickledBytes("rot13"), "\x86R."),
       "expected the arguments that numpy writes"},
      {absl::StrCat("\x80\x02", PickledGlobal("numpy", "dtype"), "N\x85R."),
       "found another dtype"},
      // __setstate__ of anything else.
      {"\x80\x02}}b.", "found a second one"},
      {"\x80\x02}K\x01\x85"
       "b.",
       "expected the state of an array or a dtype, a tuple, found a tuple for "
       "a dict"},
  });
}

// Every opcode that is not on the list, behind a sound beginning.
TEST(CifarPickle, RefusesEveryOtherOpcode) {
  const std::string known =
      ".(NKMJUCTBX}]tqrhjaesucRb\x85\x86\x87\x88\x89\x8c\x93\x94\x95";
  const PickledBatch batch = TwoRecords();
  for (int opcode = 0; opcode < 256; ++opcode) {
    if (absl::StrContains(known, std::string(1, static_cast<char>(opcode)))) {
      continue;
    }
    PickledBatch hostile = batch;
    hostile.more_items = std::string(1, static_cast<char>(opcode));
    ExpectFaults({{hostile.Text(), "expected an opcode that CIFAR-10's"}});
  }
}

TEST(CifarPickle, RefusesAnotherShape) {
  const PickledBatch right = TwoRecords();
  const auto with = [&](std::string PickledBatch::*part, std::string text) {
    PickledBatch batch = right;
    batch.*part = std::move(text);
    return batch.Text();
  };
  const std::string pixels = Pixels(2);
  ExpectFaults({
      {with(&PickledBatch::labels, "]"), "found none"},
      {with(&PickledBatch::labels,
            "](K\x06K\x0a"
            "e"),
       "expected labels of 0 to 9, found 10"},
      {with(&PickledBatch::labels, PickledList({PickledInteger(-1), "K\x01"})),
       "expected labels of 0 to 9, found -1"},
      {with(&PickledBatch::labels, PickledList({"K\x01"})),
       "expected as many rows of data as labels, 1, found 2"},
      {with(&PickledBatch::labels, PickledList({"K\x01", PickledBytes("x")})),
       "expected one or more integers as 'labels', found strings"},
      {with(&PickledBatch::labels, PickledList({"K\x01", "N"})),
       "expected a list of integers or of strings, found None"},
      {with(&PickledBatch::labels, "N"), "expected a list of integers"},
      {with(&PickledBatch::filenames, PickledList({PickledBytes("x")})),
       "expected a list of 2 strings as 'filenames', found 1"},
      {with(&PickledBatch::filenames, "K\x01"), "found an integer"},
      {with(&PickledBatch::shape,
            PickledInteger(3072) + PickledInteger(2) + "\x86"),
       "expected an array of shape [n, 3072]"},
      {with(&PickledBatch::shape, PickledInteger(6144) + "\x85"),
       "expected an array of shape [n, 3072]"},
      {with(&PickledBatch::shape,
            PickledInteger(-2) + PickledInteger(3072) + "\x86"),
       "expected as many rows of data as labels, 2, found"},
      {with(&PickledBatch::bytes, PickledBytes(pixels.substr(1))),
       "expected 6144 bytes of 2 x 3072 pixels, found 6143"},
      {with(&PickledBatch::bytes, PickledBytes(pixels + "x")), "found 6145"},
      {with(&PickledBatch::bytes, "N"), "found something else"},
      {with(&PickledBatch::order, "\x88"), "found one in Fortran order"},
      {with(&PickledBatch::dtype,
            absl::StrCat(PickledGlobal("numpy", "dtype"), PickledBytes("f4"),
                         "\x89\x88\x87R")),
       "found another dtype"},
      {with(&PickledBatch::dtype,
            right.dtype.substr(0, right.dtype.size() - 7) + PickledInteger(63) +
                "tb"),
       "expected the dtype of plain bytes (uint8), found another one"},
      {with(&PickledBatch::dtype, "N"), "found something else"},
      {with(&PickledBatch::more_items,
            PickledBytes("fine_labels") + PickledBytes("x")),
       "found 'fine_labels' of CIFAR-100"},
      {with(&PickledBatch::more_items, PickledBytes("labels") + "N"),
       "expected each key once, found 'labels' again"},
      {with(&PickledBatch::more_items, "NN"),
       "expected the keys batch_label, labels, data and filenames, found None"},
      {with(&PickledBatch::more_items, "N"), "found an odd number of values"},
      {with(&PickledBatch::more_items, "]N"), "expected two lists, found a"},
      {with(&PickledBatch::more_items, right.Array() + "N"),
       "expected one array, found a second one"},
      {"\x80\x02q\x05.", "expected a value to be remembered, found none"},
      {with(&PickledBatch::more_items, "h\x05"),
       "expected a place of the memo that was filled, found 5"},
      {with(&PickledBatch::start, "\x80\x05}("),
       "offset 1: expected protocol 2 to 4, found 5; remedy: replace it with "
       "the published file, or write it with pickle.dump("},
      {with(&PickledBatch::start, ""), "expected a pickle of protocol 2 to 4"},
      {with(&PickledBatch::end, "u"), "expected an opcode, found the end of "},
      {with(&PickledBatch::end, "u.."),
       "expected the end of the file after the pickle, found 1 more bytes"},
      {with(&PickledBatch::end, "uK\x01."), "found another number of values"},
      {with(&PickledBatch::end, ""), "it is truncated"},
      {"",
       "offset 0: expected a pickle of protocol 2 to 4 (80), found an "
       "empty file"},
      {"\x80\x02N.", "expected a dict, found None"},
      {"\x80\x02}.", "expected a list of integers as 'labels', found nothing"},
      {"\x80\x02\x80", "found 0x80"},
      {std::string("\x80\x04\x95\xff\0\0\0\0\0\0\0}.", 13),
       "expected a frame of 255 bytes, found 2 before the end"},
  });
}

// Whatever a file claims costs no more than the file and a fixed amount.
TEST(CifarPickle, BoundsWhatIsAllocated) {
  ExpectFaults({
      {"\x80\x02" + std::string(1 << 20, 'N'),
       "expected at most 2000 values at a time"},
      {"\x80\x02" + std::string(1 << 20, '('),
       "expected at most 2000 values at a time"},
      {"\x80\x02Nr\xff\xff\xff\x7f.", "expected a place of the memo below "},
      {"\x80\x02"
       "T\xff\xff\xff\xff.",
       "expected 4294967295 bytes after "},
      {std::string("\x80\x02X\xff\xff\xff\x7f", 7), "it is truncated"},
  });
  std::string appends = "\x80\x02]", tuples = "\x80\x02N", memo = "\x80\x04N";
  for (int i = 0; i < 200000; ++i) {
    appends +=
        "K\x01"
        "a";
    tuples += "\x85";
    memo += "\x94";
  }
  ExpectFaults({{appends, "expected at most 100000 records, found more"},
                {tuples, "expected fewer tuples, found over 24000"},
                {memo, "expected a place of the memo below 40000"}});
}

// Whatever one byte becomes and wherever the file ends: an error, or data of
// the same shape.
TEST(CifarPickle, SurvivesEveryFlippedByteAndEveryTruncation) {
  const std::string original = PickledBatch({6}, Pixels(1)).Text();
  int errors = 0;
  for (size_t at = 0; at < original.size(); ++at) {
    for (const int flip : {0x01, 0x04, 0x80, 0xFF}) {
      std::string content = original;
      content[at] = static_cast<char>(content[at] ^ flip);
      const auto result = Parse(content);
      if (result.ok()) {
        EXPECT_EQ(result->labels.size(), 1u) << at;
        EXPECT_LE(result->first + 3072, result->content.size()) << at;
      } else {
        EXPECT_THAT(result, ExitsWith(ExitCode::kData)) << at;
        ++errors;
      }
    }
    EXPECT_THAT(Parse(original.substr(0, at)), ExitsWith(ExitCode::kData))
        << "cut at " << at;
    EXPECT_THAT(Parse(original + original.substr(0, at + 1)),
                ExitsWith(ExitCode::kData));
  }
  EXPECT_GT(errors, 800);  // of about 250 bytes that are no pixels
}

}  // namespace
}  // namespace reprise
