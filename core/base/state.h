// What a component keeps for a run to go on as if it had never stopped: named
// arrays in nested scopes, in memory.
//
//   void Meter::SaveState(StateWriter state) const {
//     state.Put("sums", sums_);
//     window_.SaveState(state.Scope("window"));
//   }
//   absl::Status Meter::LoadState(const StateReader& state) {
//     REPRISE_RETURN_IF_ERROR(state.Get("sums", &sums_));
//     return window_.LoadState(state.Scope("window"));
//   }
//
// A component that is loaded is as one that was made with the same options and
// has gone through what the saved one had: then both go on alike. LoadState
// checks what it is given as if it came from a stranger: values that no
// SaveState writes are DataError, never an abort. After an error the component
// is of no more use.
#ifndef REPRISE_CORE_BASE_STATE_H_
#define REPRISE_CORE_BASE_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/base/dtype.h"

namespace reprise {

// An array: dense, the last dimension fastest. A scalar has no dimension.
struct StateValue {
  DType dtype = DType::kUint8;
  std::vector<int64_t> shape;
  std::string bytes;
};

// By path: names joined with "/".
using State = std::map<std::string, StateValue>;

// The types of elements that are written as they are; bool is kUint8.
template <typename T>
constexpr DType StateDType() {
  if constexpr (std::is_same_v<T, double>) return DType::kFloat64;
  if constexpr (std::is_same_v<T, float>) return DType::kFloat32;
  if constexpr (std::is_same_v<T, int32_t>) return DType::kInt32;
  if constexpr (std::is_same_v<T, int64_t>) return DType::kInt64;
  return DType::kUint8;
}

// Writes below one scope. Aborts on a name that is taken, empty or has a '/'.
class StateWriter {
 public:
  // Outlives this and what Scope gives.
  explicit StateWriter(State* state) : state_(state) {}

  StateWriter Scope(absl::string_view name) const;

  // `data`: all elements. Copied.
  void PutArray(absl::string_view name, DType dtype, std::vector<int64_t> shape,
                const void* data) const;
  void Put(absl::string_view name, int64_t value) const;
  void Put(absl::string_view name, double value) const;
  void Put(absl::string_view name, bool value) const;
  template <typename T>
  void Put(absl::string_view name, const std::vector<T>& values) const {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
    PutArray(name, StateDType<T>(), {static_cast<int64_t>(values.size())},
             values.data());
  }
  // Of rows of different lengths: a scope of "lengths" and all "values".
  void Put(absl::string_view name,
           const std::vector<std::vector<int64_t>>& rows) const;

 private:
  StateWriter(State* state, std::string scope)
      : state_(state), scope_(std::move(scope)) {}

  State* state_;
  std::string scope_;  // "", or ends with "/"
};

// Reads below one scope. Errors are DataError and name the path, what was
// expected and what was found.
class StateReader {
 public:
  // Outlives this and what Scope gives.
  explicit StateReader(const State* state)
      : state_(state), read_(std::make_shared<std::set<std::string>>()) {}

  StateReader Scope(absl::string_view name) const;
  // Whether there is a value, or a scope with one, of this name.
  bool Has(absl::string_view name) const;

  // Fills `data`, which has room for all elements of `shape`.
  absl::Status GetArray(absl::string_view name, DType dtype,
                        const std::vector<int64_t>& shape, void* data) const;
  absl::Status Get(absl::string_view name, int64_t* value) const;
  absl::Status Get(absl::string_view name, double* value) const;
  absl::Status Get(absl::string_view name, bool* value) const;
  // Of any length.
  template <typename T>
  absl::Status Get(absl::string_view name, std::vector<T>* values) const {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
    int64_t length = 0;
    absl::Status status = GetLength(name, StateDType<T>(), &length);
    if (!status.ok()) return status;
    values->resize(length);
    return GetArray(name, StateDType<T>(), {length}, values->data());
  }

  absl::Status Get(absl::string_view name,
                   std::vector<std::vector<int64_t>>* rows) const;

  // An error of this scope where one of `values`, read as `name`, is not in
  // [0, end).
  absl::Status CheckBelow(absl::string_view name,
                          const std::vector<int64_t>& values,
                          int64_t end) const;

  // An error of this scope: "PATH: WHAT".
  absl::Status Error(absl::string_view what) const;

  // An error where the whole state has a value that nothing has read.
  absl::Status CheckAllRead() const;

 private:
  StateReader(const State* state, std::string scope,
              std::shared_ptr<std::set<std::string>> read)
      : state_(state), scope_(std::move(scope)), read_(std::move(read)) {}

  absl::Status GetLength(absl::string_view name, DType dtype,
                         int64_t* length) const;

  const State* state_;
  std::string scope_;                            // "", or ends with "/"
  std::shared_ptr<std::set<std::string>> read_;  // paths
};

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_STATE_H_
