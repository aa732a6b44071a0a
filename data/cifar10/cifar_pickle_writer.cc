#include "data/cifar10/cifar_pickle_writer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace reprise {
namespace {

std::string LittleEndian(uint32_t number) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) {
    bytes.push_back(static_cast<char>(number >> shift));
  }
  return bytes;
}

}  // namespace

std::string PickledInteger(int32_t number) {
  return "J" + LittleEndian(static_cast<uint32_t>(number));
}

std::string PickledBytes(const std::string& bytes) {
  return absl::StrCat("T", LittleEndian(static_cast<uint32_t>(bytes.size())),
                      bytes);
}

std::string PickledGlobal(const std::string& module, const std::string& name) {
  return absl::StrCat("c", module, "\n", name, "\n");
}

std::string PickledList(const std::vector<std::string>& elements) {
  constexpr size_t kPiece = 1000;
  std::string list = "]";
  for (size_t first = 0; first < elements.size(); first += kPiece) {
    list += "(";
    const size_t end = std::min(first + kPiece, elements.size());
    for (size_t i = first; i < end; ++i) list += elements[i];
    list += "e";
  }
  return list;
}

PickledBatch::PickledBatch(const std::vector<uint8_t>& label_values,
                           const std::string& pixels) {
  std::vector<std::string> numbers, names;
  for (size_t i = 0; i < label_values.size(); ++i) {
    numbers.push_back(std::string("K") + static_cast<char>(label_values[i]));
    names.push_back(PickledBytes(absl::StrCat("image_", i, ".png")));
  }
  labels = PickledList(numbers);
  filenames = PickledList(names);
  dtype = absl::StrCat(
      PickledGlobal("numpy", "dtype"), PickledBytes("u1"), PickledInteger(0),
      PickledInteger(1), "\x87R(", PickledInteger(3), PickledBytes("|"), "NNN",
      PickledInteger(-1), PickledInteger(-1), PickledInteger(0), "tb");
  shape =
      absl::StrCat(PickledInteger(static_cast<int32_t>(label_values.size())),
                   PickledInteger(3072), "\x86");
  bytes = PickledBytes(pixels);
}

std::string PickledBatch::Array() const {
  return absl::StrCat(reconstruct, PickledGlobal("numpy", "ndarray"),
                      PickledInteger(0), "\x85", PickledBytes("b"), "\x87R(",
                      PickledInteger(1), shape, dtype, order, bytes, "tb");
}

std::string PickledBatch::Text() const {
  return absl::StrCat(start, PickledBytes("data"), Array(),
                      PickledBytes("labels"), labels,
                      PickledBytes("batch_label"), PickledBytes("a batch"),
                      PickledBytes("filenames"), filenames, more_items, end);
}

}  // namespace reprise
