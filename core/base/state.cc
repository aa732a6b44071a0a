#include "core/base/state.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/base/status.h"

namespace reprise {
namespace {

int64_t Elements(const std::vector<int64_t>& shape) {
  int64_t elements = 1;
  for (const int64_t size : shape) elements *= size;
  return elements;
}

std::string Describe(DType dtype, absl::string_view shape) {
  return absl::StrCat(DTypeName(dtype), " [", shape, "]");
}

std::string Describe(DType dtype, const std::vector<int64_t>& shape) {
  return Describe(dtype, absl::StrJoin(shape, ", "));
}

std::string PathOf(absl::string_view scope, absl::string_view name) {
  REPRISE_CHECK(!name.empty() && name.find('/') == name.npos)
      << "name of a state: '" << std::string(name) << "'";
  return absl::StrCat(scope, name);
}

}  // namespace

StateWriter StateWriter::Scope(absl::string_view name) const {
  return StateWriter(state_, PathOf(scope_, name) + "/");
}

void StateWriter::PutArray(absl::string_view name, DType dtype,
                           std::vector<int64_t> shape, const void* data) const {
  StateValue value;
  value.dtype = dtype;
  value.shape = std::move(shape);
  const int64_t bytes = Elements(value.shape) * SizeInBytes(dtype);
  if (bytes > 0) value.bytes.assign(static_cast<const char*>(data), bytes);
  const std::string path = PathOf(scope_, name);
  REPRISE_CHECK(state_->emplace(path, std::move(value)).second)
      << "state " << path << " is written twice";
}

void StateWriter::Put(absl::string_view name, int64_t value) const {
  PutArray(name, DType::kInt64, {}, &value);
}

void StateWriter::Put(absl::string_view name, double value) const {
  PutArray(name, DType::kFloat64, {}, &value);
}

void StateWriter::Put(absl::string_view name, bool value) const {
  const uint8_t byte = value;
  PutArray(name, DType::kUint8, {}, &byte);
}

void StateWriter::Put(absl::string_view name,
                      const std::vector<std::vector<int64_t>>& rows) const {
  std::vector<int64_t> lengths, values;
  for (const std::vector<int64_t>& row : rows) {
    lengths.push_back(static_cast<int64_t>(row.size()));
    values.insert(values.end(), row.begin(), row.end());
  }
  const StateWriter scope = Scope(name);
  scope.Put("lengths", lengths);
  scope.Put("values", values);
}

StateReader StateReader::Scope(absl::string_view name) const {
  return StateReader(state_, PathOf(scope_, name) + "/", read_);
}

bool StateReader::Has(absl::string_view name) const {
  const std::string path = PathOf(scope_, name);
  if (state_->count(path) > 0) return true;
  const auto below = state_->lower_bound(path + "/");
  return below != state_->end() && below->first.rfind(path + "/", 0) == 0;
}

absl::Status StateReader::GetArray(absl::string_view name, DType dtype,
                                   const std::vector<int64_t>& shape,
                                   void* data) const {
  const std::string path = PathOf(scope_, name);
  const auto found = state_->find(path);
  if (found == state_->end()) {
    return DataError(absl::StrCat("state: ", path, ": expected ",
                                  Describe(dtype, shape), ", found nothing"));
  }
  const StateValue& value = found->second;
  const int64_t bytes = Elements(shape) * SizeInBytes(dtype);
  if (value.dtype != dtype || value.shape != shape ||
      static_cast<int64_t>(value.bytes.size()) != bytes) {
    return DataError(absl::StrCat(
        "state: ", path, ": expected ", Describe(dtype, shape), ", ", bytes,
        " bytes, found ", Describe(value.dtype, value.shape), ", ",
        value.bytes.size(), " bytes"));
  }
  read_->insert(path);
  if (bytes > 0) std::memcpy(data, value.bytes.data(), bytes);
  return absl::OkStatus();
}

absl::Status StateReader::Get(absl::string_view name, int64_t* value) const {
  return GetArray(name, DType::kInt64, {}, value);
}

absl::Status StateReader::Get(absl::string_view name, double* value) const {
  return GetArray(name, DType::kFloat64, {}, value);
}

absl::Status StateReader::Get(absl::string_view name, bool* value) const {
  uint8_t byte = 0;
  REPRISE_RETURN_IF_ERROR(GetArray(name, DType::kUint8, {}, &byte));
  if (byte > 1) {
    return Error(absl::StrCat(name, ": expected 0 or 1, found ", byte));
  }
  *value = byte == 1;
  return absl::OkStatus();
}

absl::Status StateReader::Get(absl::string_view name,
                              std::vector<std::vector<int64_t>>* rows) const {
  const StateReader scope = Scope(name);
  std::vector<int64_t> lengths, values;
  REPRISE_RETURN_IF_ERROR(scope.Get("lengths", &lengths));
  REPRISE_RETURN_IF_ERROR(scope.Get("values", &values));
  rows->clear();
  auto begin = values.begin();
  for (const int64_t length : lengths) {
    if (length < 0 || length > values.end() - begin) {
      return scope.Error(absl::StrCat(
          "lengths: expected 0 to ", values.end() - begin, ", found ", length));
    }
    rows->emplace_back(begin, begin + length);
    begin += length;
  }
  if (begin == values.end()) return absl::OkStatus();
  return scope.Error(absl::StrCat("values: expected ", begin - values.begin(),
                                  ", found ", values.size()));
}

absl::Status StateReader::GetLength(absl::string_view name, DType dtype,
                                    int64_t* length) const {
  const std::string path = PathOf(scope_, name);
  const auto found = state_->find(path);
  if (found == state_->end()) {
    return DataError(absl::StrCat("state: ", path, ": expected ",
                                  Describe(dtype, "any"), ", found nothing"));
  }
  const StateValue& value = found->second;
  if (value.shape.size() != 1) {
    return DataError(absl::StrCat("state: ", path, ": expected ",
                                  Describe(dtype, "any"), ", found ",
                                  Describe(value.dtype, value.shape)));
  }
  // Not what the shape says, which may be anything.
  *length = static_cast<int64_t>(value.bytes.size()) / SizeInBytes(value.dtype);
  return absl::OkStatus();
}

absl::Status StateReader::CheckBelow(absl::string_view name,
                                     const std::vector<int64_t>& values,
                                     int64_t end) const {
  for (const int64_t value : values) {
    if (value >= 0 && value < end) continue;
    return Error(
        absl::StrCat(name, ": expected 0 to ", end - 1, ", found ", value));
  }
  return absl::OkStatus();
}

absl::Status StateReader::Error(absl::string_view what) const {
  return DataError(absl::StrCat("state: ", scope_, what));
}

absl::Status StateReader::CheckAllRead() const {
  for (const auto& [path, value] : *state_) {
    if (read_->count(path) > 0) continue;
    return DataError(absl::StrCat("state: ", path,
                                  ": expected nothing of this name, found ",
                                  Describe(value.dtype, value.shape)));
  }
  return absl::OkStatus();
}

}  // namespace reprise
