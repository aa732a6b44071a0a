// Pickles of CIFAR-10's Python layout for tests: opcode by opcode, so that a
// test may also write what no pickler would.
#ifndef REPRISE_DATA_CIFAR10_CIFAR_PICKLE_WRITER_H_
#define REPRISE_DATA_CIFAR10_CIFAR_PICKLE_WRITER_H_

#include <cstdint>
#include <string>
#include <vector>

namespace reprise {

// Opcodes with their arguments.
std::string PickledInteger(int32_t number);
std::string PickledBytes(const std::string& bytes);  // str of Python 2
std::string PickledGlobal(const std::string& module, const std::string& name);
// In pieces of 1,000 elements, as picklers do.
std::string PickledList(const std::vector<std::string>& elements);

// The parts of a batch as Python 2 writes them, with the right content unless a
// test exchanges one.
struct PickledBatch {
  // Record i has labels[i] and the pixels [3072 i, 3072 (i + 1)) of `pixels`.
  PickledBatch(const std::vector<uint8_t>& labels, const std::string& pixels);

  // The whole pickle.
  std::string Text() const;
  // What data is set to.
  std::string Array() const;

  std::string start = "\x80\x02}(";
  std::string labels;     // a list
  std::string filenames;  // a list
  std::string reconstruct =
      PickledGlobal("numpy.core.multiarray", "_reconstruct");
  std::string dtype;  // with its state
  std::string shape;  // a tuple
  std::string order = "\x89";
  std::string bytes;
  std::string more_items;  // pairs
  std::string end = "u.";
};

}  // namespace reprise

#endif  // REPRISE_DATA_CIFAR10_CIFAR_PICKLE_WRITER_H_
