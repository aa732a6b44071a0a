// Runs a fuzzer's entry without libFuzzer: over each file of the corpus named
// on the command line (files or folders), over each of its truncations, and
// over 20,000 mutations of it, the same ones each time. A crash or a failed
// check ends the process.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/philox.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace reprise {
namespace {

constexpr uint32_t kMutations = 20000;

void Run(const std::string& input) {
  // Of exactly its size, so that a sanitizer sees what is read beyond it.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

// One to four changes: a byte, a piece removed, a piece repeated elsewhere.
// Places near the ends are likelier: there is the structure.
std::string Mutate(std::string input, PhiloxStream* stream) {
  const auto place = [&] {
    const size_t any = stream->NextBelow(input.size() + 1);
    const size_t near = std::min<size_t>(any, stream->NextBelow(300));
    switch (stream->NextBelow(3)) {
      case 0:
        return any;
      case 1:
        return near;
      default:
        return input.size() - near;
    }
  };
  for (uint64_t change = 0; change <= stream->NextBelow(4); ++change) {
    const size_t at = place();
    const size_t length = 1 + stream->NextBelow(16);
    switch (stream->NextBelow(4)) {
      case 0:
        input.erase(at, length);
        break;
      case 1:
        input.insert(at, input.substr(place(), length));
        break;
      case 2:
        input.insert(at, 1, static_cast<char>(stream->NextWord()));
        break;
      default:
        if (at < input.size())
          input[at] = static_cast<char>(stream->NextWord());
    }
  }
  return input;
}

void Replay(const std::string& path) {
  const absl::StatusOr<std::string> content = ReadWholeFile(path);
  REPRISE_CHECK(content.ok()) << content.status().ToString();
  Run(*content);
  for (size_t end = 0; end < content->size(); ++end) {
    Run(content->substr(0, end));
  }
  for (uint32_t i = 0; i < kMutations; ++i) {
    PhiloxStream stream({1, Purpose::kTest, 0, 0, i});
    Run(Mutate(*content, &stream));
  }
}

int Main(int argc, char** argv) {
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    std::vector<std::string> paths = {argv[i]};
    if (std::filesystem::is_directory(argv[i])) {
      paths.clear();
      for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
        paths.push_back(entry.path().string());
      }
    }
    std::sort(paths.begin(), paths.end());
    for (const std::string& path : paths) Replay(path);
    files += static_cast<int>(paths.size());
  }
  std::printf("%d files replayed\n", files);
  return files > 0 ? 0 : 1;
}

}  // namespace
}  // namespace reprise

int main(int argc, char** argv) { return reprise::Main(argc, argv); }
