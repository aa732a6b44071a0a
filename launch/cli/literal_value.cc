#include "launch/cli/literal_value.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace reprise {
namespace {

std::string ShortestDouble(double number) {
  std::string text;
  for (int digits = 1; digits <= 17; ++digits) {
    text = absl::StrFormat("%.*g", digits, number);
    if (std::strtod(text.c_str(), nullptr) == number) break;
  }
  // A float stays a float.
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

struct Notation {
  const char* none;
  const char* yes;
  const char* no;
  char quote;
};
constexpr Notation kPython = {"None", "True", "False", '\''};
constexpr Notation kJson = {"null", "true", "false", '"'};

std::string Quote(absl::string_view text, const Notation& notation) {
  std::string quoted(1, notation.quote);
  for (const char c : text) {
    if (c == notation.quote || c == '\\') {
      absl::StrAppend(&quoted, "\\", absl::string_view(&c, 1));
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&quoted, "\\u%04x", static_cast<int>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + notation.quote;
}

std::string Write(const LiteralValue& value, const Notation& notation);

std::string Write(const LiteralDict& dict, const Notation& notation) {
  return absl::StrCat("{",
                      absl::StrJoin(dict, ", ",
                                    [&](std::string* out, const auto& entry) {
                                      absl::StrAppend(
                                          out, Quote(entry.first, notation),
                                          ": ", Write(entry.second, notation));
                                    }),
                      "}");
}

std::string Write(const LiteralValue& value, const Notation& notation) {
  struct Visitor {
    const Notation& notation;
    std::string operator()(std::monostate) const { return notation.none; }
    std::string operator()(bool b) const {
      return b ? notation.yes : notation.no;
    }
    std::string operator()(int64_t n) const { return absl::StrCat(n); }
    std::string operator()(double d) const { return ShortestDouble(d); }
    std::string operator()(const std::string& s) const {
      return Quote(s, notation);
    }
    std::string operator()(const LiteralList& list) const {
      return absl::StrCat("[",
                          absl::StrJoin(list, ", ",
                                        [&](std::string* out, const auto& v) {
                                          out->append(Write(v, notation));
                                        }),
                          "]");
    }
    std::string operator()(const LiteralDict& dict) const {
      return Write(dict, notation);
    }
  };
  return std::visit(Visitor{notation}, value.value);
}

}  // namespace

std::string ToPythonLiteral(const LiteralValue& value) {
  return Write(value, kPython);
}

std::string ToPythonLiteral(const LiteralDict& dict) {
  return Write(dict, kPython);
}

std::string ToJson(const LiteralValue& value) { return Write(value, kJson); }

}  // namespace reprise
