// The reader of CIFAR-10's Python layout against what Python 2 and 3 and numpy
// 1 and 2 write (cifar_pickle_reference.py).
#include <zlib.h>

#include <cstdint>
#include <fstream>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "core/base/check.h"
#include "core/base/status_matchers.h"
#include "data/cifar10/cifar_batch.h"
#include "data/cifar10/cifar_pickle.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

std::string Unpack(const std::string& base64) {
  std::string compressed, text(1 << 16, '\0');
  REPRISE_CHECK(absl::Base64Unescape(base64, &compressed)) << "not base64";
  uLongf size = text.size();
  REPRISE_CHECK(uncompress(reinterpret_cast<Bytef*>(&text[0]), &size,
                           reinterpret_cast<const Bytef*>(compressed.data()),
                           compressed.size()) == Z_OK)
      << "not zlib's";
  text.resize(size);
  return text;
}

TEST(CifarPickleGolden, ReadsWhatEveryPicklerWrites) {
  std::ifstream file("tests/golden/cifar_pickle_reference.json");
  const nlohmann::json variants = nlohmann::json::parse(file);
  int read = 0;
  for (const auto& [name, packed] : variants.items()) {
    SCOPED_TRACE(name);
    const auto batch = ParseCifarPickle(Unpack(packed), name);
    if (absl::StrContains(name, "protocol 5")) {
      EXPECT_THAT(batch, FailsWith("expected protocol 2 to 4, found 5"));
      continue;
    }
    REPRISE_ASSERT_OK(batch);
    ASSERT_EQ(batch->labels.size(), absl::StrContains(name, "one") ? 1u : 2u);
    for (size_t i = 0; i < batch->labels.size(); ++i) {
      EXPECT_EQ(batch->labels[i], (6 + 3 * i) % 10);
      for (size_t p = 0; p < 3072; ++p) {
        ASSERT_EQ(static_cast<uint8_t>(
                      batch->content[batch->first + i * batch->stride + p]),
                  (7 * i + 13 * p + 50 * (p / 1024)) % 256);
      }
    }
    ++read;
  }
  EXPECT_EQ(read, 14);
}

}  // namespace
}  // namespace reprise
