#include "launch/cli/dict_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/nearest_name.h"
#include "core/base/utf8.h"

namespace reprise {

DictReader::DictReader(const LiteralDict& dict, std::string context,
                       std::vector<std::string>* problems)
    : dict_(dict), context_(std::move(context)), problems_(problems) {}

const LiteralValue* DictReader::Find(absl::string_view key) {
  known_keys_.emplace_back(key);
  for (const auto& [name, value] : dict_) {
    if (name != key) continue;
    return std::holds_alternative<std::monostate>(value.value) ? nullptr
                                                               : &value;
  }
  return nullptr;
}

void DictReader::AddProblem(absl::string_view key, const LiteralValue& value,
                            absl::string_view expected) {
  problems_->push_back(absl::StrCat(context_, ": ", value.where, ": '", key,
                                    "': expected ", expected, ", found ",
                                    Printable(ToPythonLiteral(value))));
}

bool DictReader::ReadInt(absl::string_view key, const LiteralValue& value,
                         int64_t least, int64_t* field) {
  const int64_t* number = std::get_if<int64_t>(&value.value);
  if (number == nullptr || *number < least) {
    AddProblem(key, value, absl::StrCat("an int from ", least));
    return false;
  }
  *field = *number;
  return true;
}

void DictReader::Read(absl::string_view key, bool* field) {
  const LiteralValue* value = Find(key);
  if (value == nullptr) return;
  if (const bool* b = std::get_if<bool>(&value->value)) {
    *field = *b;
  } else {
    AddProblem(key, *value, "True or False");
  }
}

void DictReader::Read(absl::string_view key, std::optional<bool>* field) {
  bool value = false;
  const size_t problems_before = problems_->size();
  if (Find(key) == nullptr) return;
  Read(key, &value);
  if (problems_->size() == problems_before) *field = value;
}

void DictReader::Read(absl::string_view key, double least,
                      std::optional<double>* field) {
  const LiteralValue* value = Find(key);
  if (value == nullptr) return;
  double number = 0;
  if (const int64_t* i = std::get_if<int64_t>(&value->value)) {
    number = static_cast<double>(*i);
  } else if (const double* d = std::get_if<double>(&value->value)) {
    number = *d;
  } else {
    AddProblem(key, *value, absl::StrCat("a number from ", least));
    return;
  }
  if (number < least) {
    AddProblem(key, *value, absl::StrCat("a number from ", least));
    return;
  }
  *field = number;
}

void DictReader::Read(absl::string_view key, int64_t least, int64_t* field) {
  const LiteralValue* value = Find(key);
  if (value != nullptr) ReadInt(key, *value, least, field);
}

void DictReader::Read(absl::string_view key, int64_t least,
                      std::optional<int64_t>* field) {
  const LiteralValue* value = Find(key);
  int64_t number = 0;
  if (value != nullptr && ReadInt(key, *value, least, &number)) {
    *field = number;
  }
}

void DictReader::Read(absl::string_view key,
                      const std::vector<std::string>& choices,
                      std::string* field) {
  const LiteralValue* value = Find(key);
  if (value == nullptr) return;
  const std::string* s = std::get_if<std::string>(&value->value);
  if (s != nullptr &&
      std::find(choices.begin(), choices.end(), *s) != choices.end()) {
    *field = *s;
    return;
  }
  AddProblem(key, *value,
             absl::StrCat("one of '", absl::StrJoin(choices, "', '"), "'"));
  if (s != nullptr) problems_->back() += DidYouMean(*s, choices);
}

void DictReader::Read(absl::string_view key, int64_t least,
                      std::vector<int64_t>* list,
                      std::optional<uint64_t>* single) {
  const LiteralValue* value = Find(key);
  if (value == nullptr) return;
  int64_t number = 0;
  if (const LiteralList* items = std::get_if<LiteralList>(&value->value)) {
    list->clear();
    for (const LiteralValue& item : *items) {
      if (!ReadInt(key, item, least, &number)) return;
      list->push_back(number);
    }
  } else if (ReadInt(key, *value, least, &number)) {
    *single = static_cast<uint64_t>(number);
  }
}

void DictReader::Finish() {
  for (const auto& [key, value] : dict_) {
    if (std::find(known_keys_.begin(), known_keys_.end(), key) !=
        known_keys_.end()) {
      continue;
    }
    std::string problem = absl::StrCat(context_, ": ", value.where,
                                       ": unknown key '", Printable(key), "'");
    const std::string hint = DidYouMean(key, known_keys_);
    absl::StrAppend(
        &problem, hint.empty() ? absl::StrCat("; known are ",
                                              absl::StrJoin(known_keys_, ", "))
                               : hint);
    problems_->push_back(std::move(problem));
  }
}

}  // namespace reprise
