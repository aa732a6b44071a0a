// A data set resident in memory in its stored type, and the pair of splits that
// an experiment uses. Free of LibTorch.
#ifndef REPRISE_DATA_DATASET_H_
#define REPRISE_DATA_DATASET_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/dtype.h"
#include "core/base/sample.h"

namespace reprise {

// What a row is and how it becomes network input.
//   kUint8:   (value / scale - mean[c]) / stddev[c], with c the channel
//   kFloat32: value * element_scale[e], with e the element of the row
struct RowFormat {
  DType element = DType::kUint8;  // or kFloat32
  int64_t channels = 1;
  int64_t height = 1;
  int64_t width = 1;
  double scale = 255.0;
  std::vector<double> mean;          // one per channel, after division by scale
  std::vector<double> stddev;        // one per channel, positive
  std::vector<float> element_scale;  // one per element; empty: all 1

  int64_t elements() const { return channels * height * width; }
  int64_t row_bytes() const { return elements() * SizeInBytes(element); }
};

// Rows [size, row_bytes] and labels [size]. Immutable once made.
struct Dataset {
  RowFormat format;
  int64_t num_classes = 0;
  std::vector<std::byte> rows;
  // In place of `rows` where they lie in a mapped file.
  std::shared_ptr<const std::byte> mapped_rows;
  std::vector<int32_t> labels;

  int64_t size() const { return static_cast<int64_t>(labels.size()); }
  Sample At(int64_t index) const {
    const std::byte* first =
        mapped_rows != nullptr ? mapped_rows.get() : rows.data();
    return {first + index * format.row_bytes(), labels[index], index};
  }
};

struct DatasetPair {
  std::string name;    // "mnist"
  std::string source;  // the folder it came from, or what generated it
  // True for the stand-in: said in the first line, every result file and the
  // report.
  bool generated = false;
  // File name -> digest of its content as stored, for run.json.
  std::map<std::string, std::string> digests;
  std::shared_ptr<const Dataset> train;
  std::shared_ptr<const Dataset> test;
};

}  // namespace reprise

#endif  // REPRISE_DATA_DATASET_H_
