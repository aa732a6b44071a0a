#include "launch/cli/dict_literal.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/base/nearest_name.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "re2/re2.h"

namespace reprise {
namespace {

constexpr size_t kMostBytes = size_t{1} << 20;
constexpr int kDeepest = 32;

enum class TokenKind { kEnd, kPunctuation, kString, kInt, kFloat, kWord };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  absl::string_view text;  // of a string: without its quotes
  size_t at = 0;           // offset
  bool raw = false;        // a string of r'...'
};

// Digits with single underscores between them.
#define REPRISE_DIGITS "[0-9](?:_?[0-9])*"

struct TokenPatterns {
  const RE2 space{R"((?:[ \t\r\n\f]|#[^\n]*)*)"};
  const RE2 prefix{R"(([bBfFrRuU]{1,2})['"])"};
  const RE2 single_quoted{R"('((?:[^'\\\n]|\\[\x01-\x{10FFFF}])*)')"};
  const RE2 double_quoted{R"re("((?:[^"\\\n]|\\[\x01-\x{10FFFF}])*)")re"};
  const RE2 floating{"([+-]?(?:" REPRISE_DIGITS "\\.(?:" REPRISE_DIGITS
                     ")?|\\." REPRISE_DIGITS "|" REPRISE_DIGITS
                     ")(?:[eE][+-]?" REPRISE_DIGITS ")?)"};
  const RE2 integer{R"([+-]?(?:0(?:_?0)*|[1-9](?:_?[0-9])*))"};
  const RE2 radix_integer{R"(([+-]?0(?:[xX](?:_?[0-9a-fA-F])+)"
                          R"(|[oO](?:_?[0-7])+|[bB](?:_?[01])+)))"};
  const RE2 word{R"(([A-Za-z_][A-Za-z0-9_]*))"};
};

#undef REPRISE_DIGITS

const TokenPatterns& Patterns() {
  static const TokenPatterns& patterns = *new TokenPatterns;
  return patterns;
}

class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  // One value that begins with `open`. `what` calls it in messages, `like`
  // shows one.
  absl::StatusOr<LiteralValue> Parse(char open, absl::string_view what,
                                     absl::string_view like) {
    REPRISE_RETURN_IF_ERROR(Advance());
    if (!IsPunctuation(open)) {
      return Error(token_, absl::StrCat("expected a ", what, " like ", like));
    }
    REPRISE_ASSIGN_OR_RETURN(LiteralValue value, ParseValue(1));
    if (token_.kind != TokenKind::kEnd) {
      return Error(token_, absl::StrCat("expected nothing after the ", what));
    }
    return value;
  }

 private:
  static std::string Column(size_t at) {
    return absl::StrCat("column ", at + 1);
  }

  absl::Status Error(const Token& token, absl::string_view what) const {
    const std::string found =
        token.kind == TokenKind::kEnd
            ? "the end"
            : absl::StrCat("'", Printable(text_.substr(token.at, 20)), "'");
    return UsageError(
        absl::StrCat(Column(token.at), ": ", what, ", found ", found));
  }

  bool IsPunctuation(char c) const {
    return token_.kind == TokenKind::kPunctuation && token_.text[0] == c;
  }

  absl::Status Advance() {
    const TokenPatterns& patterns = Patterns();
    re2::StringPiece rest(text_.data() + at_, text_.size() - at_);
    RE2::Consume(&rest, patterns.space);
    token_ = Token();
    token_.at = text_.size() - rest.size();
    at_ = token_.at;
    if (rest.empty()) return absl::OkStatus();
    REPRISE_RETURN_IF_ERROR(TakePrefix(&rest));
    const char first = rest[0];
    re2::StringPiece matched;
    if (absl::string_view("{}[](),:").find(first) != absl::string_view::npos) {
      token_.kind = TokenKind::kPunctuation;
      matched = rest.substr(0, 1);
      rest.remove_prefix(1);
    } else if (first == '\'' || first == '"') {
      token_.kind = TokenKind::kString;
      if (!RE2::Consume(
              &rest,
              first == '"' ? patterns.double_quoted : patterns.single_quoted,
              &matched)) {
        return Error(token_, absl::StrCat("expected a closing ",
                                          absl::string_view(&first, 1)));
      }
    } else if (RE2::Consume(&rest, patterns.radix_integer, &matched) ||
               RE2::Consume(&rest, patterns.floating, &matched)) {
      token_.kind = RE2::FullMatch(matched, patterns.integer) ||
                            RE2::FullMatch(matched, patterns.radix_integer)
                        ? TokenKind::kInt
                        : TokenKind::kFloat;
      if (!rest.empty() &&
          (absl::ascii_isalnum(rest[0]) || rest[0] == '_' || rest[0] == '.')) {
        return Error(token_, "expected a number as Python writes it");
      }
    } else if (RE2::Consume(&rest, patterns.word, &matched)) {
      token_.kind = TokenKind::kWord;
    } else {
      token_.kind = TokenKind::kPunctuation;
      return Error(token_, "expected a value, a key or punctuation");
    }
    token_.text = absl::string_view(matched.data(), matched.size());
    at_ = text_.size() - rest.size();
    return absl::OkStatus();
  }

  // u'...' and r'...', as in Python; bytes and f-strings are no literals here.
  absl::Status TakePrefix(re2::StringPiece* rest) {
    re2::StringPiece after = *rest, letters;
    if (!RE2::Consume(&after, Patterns().prefix, &letters)) {
      return absl::OkStatus();
    }
    const std::string prefix = absl::AsciiStrToLower(
        absl::string_view(letters.data(), letters.size()));
    if (prefix != "u" && prefix != "r") {
      return Error(token_, absl::StrCat("expected a string without the prefix ",
                                        prefix));
    }
    token_.raw = prefix == "r";
    rest->remove_prefix(1);
    return absl::OkStatus();
  }

  // The string at hand and those that follow it directly, as one.
  absl::StatusOr<std::string> TakeStrings() {
    std::string text;
    while (token_.kind == TokenKind::kString) {
      REPRISE_ASSIGN_OR_RETURN(const std::string part, Unescape(token_));
      text += part;
      REPRISE_RETURN_IF_ERROR(Advance());
    }
    return text;
  }

  static absl::StatusOr<int64_t> ParseInt(std::string digits) {
    const bool negative = digits[0] == '-';
    const size_t first = digits[0] == '-' || digits[0] == '+' ? 1 : 0;
    const char letter = digits.size() > first + 1
                            ? absl::ascii_tolower(digits[first + 1])
                            : '\0';
    const int base = letter == 'x'   ? 16
                     : letter == 'o' ? 8
                     : letter == 'b' ? 2
                                     : 10;
    digits = absl::StrCat(negative ? "-" : "",
                          digits.substr(first + (base == 10 ? 0 : 2)));
    errno = 0;
    const int64_t number = std::strtoll(digits.c_str(), nullptr, base);
    if (errno == ERANGE) return UsageError("beyond 64 bits");
    return number;
  }

  absl::StatusOr<LiteralValue> ParseValue(int depth) {
    const Token token = token_;
    if (depth > kDeepest) {
      return UsageError(absl::StrCat(Column(token.at), ": more than ", kDeepest,
                                     " levels of nesting"));
    }
    LiteralValue value;
    value.where = Column(token.at);
    switch (token.kind) {
      case TokenKind::kString: {
        REPRISE_ASSIGN_OR_RETURN(value.value, TakeStrings());
        return value;
      }
      case TokenKind::kInt: {
        const auto number =
            ParseInt(absl::StrReplaceAll(token.text, {{"_", ""}}));
        if (!number.ok()) {
          return Error(token, "expected an int of at most 64 bits");
        }
        value.value = *number;
        break;
      }
      case TokenKind::kFloat: {
        double number = 0;
        const bool leading_zero = RE2::FullMatch(
            re2::StringPiece(token.text.data(), token.text.size()),
            "[+-]?[0-9_]+");
        if (leading_zero ||
            !absl::SimpleAtod(absl::StrReplaceAll(token.text, {{"_", ""}}),
                              &number) ||
            !std::isfinite(number)) {
          return Error(token, leading_zero
                                  ? "expected an int without leading zeros"
                                  : "expected a float that fits 64 bits");
        }
        value.value = number;
        break;
      }
      case TokenKind::kWord:
        if (token.text == "True" || token.text == "False") {
          value.value = token.text == "True";
        } else if (token.text != "None") {
          return Error(
              token,
              absl::StrCat("expected a value (strings need quotes)",
                           DidYouMean(token.text, {"True", "False", "None"})));
        }
        break;
      case TokenKind::kPunctuation:
        if (token.text == "{") return ParseDict(depth);
        if (token.text == "[") return ParseSequence(depth, ']');
        if (token.text == "(") return ParseSequence(depth, ')');
        [[fallthrough]];
      case TokenKind::kEnd:
        return Error(token, "expected a value");
    }
    REPRISE_RETURN_IF_ERROR(Advance());
    return value;
  }

  absl::StatusOr<LiteralValue> ParseDict(int depth) {
    LiteralValue value;
    value.where = Column(token_.at);
    LiteralDict dict;
    std::vector<std::string> sorted_keys;
    REPRISE_RETURN_IF_ERROR(Advance());
    while (!IsPunctuation('}')) {
      const Token key_token = token_;
      if (key_token.kind != TokenKind::kString) {
        return Error(key_token, "expected a key in quotes or }");
      }
      REPRISE_ASSIGN_OR_RETURN(std::string key, TakeStrings());
      const auto place =
          std::lower_bound(sorted_keys.begin(), sorted_keys.end(), key);
      if (place != sorted_keys.end() && *place == key) {
        return UsageError(absl::StrCat(Column(key_token.at), ": key '",
                                       Printable(key), "' is given twice"));
      }
      sorted_keys.insert(place, key);
      if (!IsPunctuation(':')) return Error(token_, "expected :");
      REPRISE_RETURN_IF_ERROR(Advance());
      REPRISE_ASSIGN_OR_RETURN(LiteralValue item, ParseValue(depth + 1));
      // Messages about an entry point at its key.
      item.where = Column(key_token.at);
      dict.emplace_back(std::move(key), std::move(item));
      if (IsPunctuation('}')) break;
      if (!IsPunctuation(',')) return Error(token_, "expected , or }");
      REPRISE_RETURN_IF_ERROR(Advance());
    }
    REPRISE_RETURN_IF_ERROR(Advance());
    value.value = std::move(dict);
    return value;
  }

  absl::StatusOr<LiteralValue> ParseSequence(int depth, char close) {
    LiteralValue value;
    value.where = Column(token_.at);
    LiteralList list;
    bool comma = false;
    REPRISE_RETURN_IF_ERROR(Advance());
    while (!IsPunctuation(close)) {
      REPRISE_ASSIGN_OR_RETURN(LiteralValue item, ParseValue(depth + 1));
      list.push_back(std::move(item));
      if (IsPunctuation(close)) break;
      if (!IsPunctuation(',')) {
        return Error(token_, absl::StrCat("expected , or ",
                                          absl::string_view(&close, 1)));
      }
      comma = true;
      REPRISE_RETURN_IF_ERROR(Advance());
    }
    REPRISE_RETURN_IF_ERROR(Advance());
    // (x) is x itself, as in Python.
    if (close == ')' && list.size() == 1 && !comma) return std::move(list[0]);
    value.value = std::move(list);
    return value;
  }

  absl::StatusOr<std::string> Unescape(const Token& token) const {
    if (token.raw) return std::string(token.text);
    std::string plain;
    const absl::string_view text = token.text;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\') {
        plain += text[i];
        continue;
      }
      const char escape = text[++i];
      constexpr absl::string_view kFrom = "\\'\"abfnrtv";
      constexpr absl::string_view kTo = "\\'\"\a\b\f\n\r\t\v";
      const size_t simple = kFrom.find(escape);
      if (simple != absl::string_view::npos) {
        plain += kTo[simple];
        continue;
      }
      if (escape == '\n') continue;  // a continued line
      const Token here{TokenKind::kString, {}, token.at + i};
      size_t first = i + 1, digits = 0;
      int base = 16;
      if (escape == 'x') {
        digits = 2;
      } else if (escape == 'u') {
        digits = 4;
      } else if (escape == 'U') {
        digits = 8;
      } else if (escape >= '0' && escape <= '7') {
        base = 8;
        first = i;
        digits = 1;
        while (digits < 3 && first + digits < text.size() &&
               text[first + digits] >= '0' && text[first + digits] <= '7') {
          ++digits;
        }
      }
      const std::string number(
          text.substr(std::min(first, text.size()), digits));
      const bool all_digits =
          digits > 0 && number.size() == digits &&
          std::all_of(number.begin(), number.end(),
                      [](unsigned char c) { return absl::ascii_isxdigit(c); });
      const uint64_t code_point =
          all_digits ? std::strtoull(number.c_str(), nullptr, base) : 0;
      if (code_point == 0 || code_point > 0x10FFFF ||
          (code_point >= 0xD800 && code_point < 0xE000)) {
        return Error(here, "expected an escape of a character");
      }
      AppendUtf8(static_cast<uint32_t>(code_point), plain);
      i = first + digits - 1;
    }
    return plain;
  }

  const absl::string_view text_;
  size_t at_ = 0;
  Token token_;
};

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

absl::Status CheckText(absl::string_view text) {
  if (text.size() > kMostBytes) {
    return UsageError(absl::StrCat("expected at most ", kMostBytes,
                                   " bytes, found ", text.size()));
  }
  const size_t invalid = FindInvalidUtf8(text);
  if (invalid != absl::string_view::npos) {
    return UsageError(absl::StrCat("column ", invalid + 1,
                                   ": expected UTF-8, found '",
                                   Printable(text.substr(invalid, 4)), "'"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LiteralDict> ParseDictLiteral(absl::string_view text) {
  REPRISE_RETURN_IF_ERROR(CheckText(text));
  REPRISE_ASSIGN_OR_RETURN(LiteralValue value,
                           Parser(text).Parse('{', "dict", "{'key': value}"));
  return std::get<LiteralDict>(std::move(value.value));
}

absl::StatusOr<LiteralList> ParseListLiteral(absl::string_view text) {
  REPRISE_RETURN_IF_ERROR(CheckText(text));
  REPRISE_ASSIGN_OR_RETURN(LiteralValue value,
                           Parser(text).Parse('[', "list", "[value, value]"));
  return std::get<LiteralList>(std::move(value.value));
}

std::string ToPythonLiteral(const LiteralValue& value) {
  return Write(value, kPython);
}

std::string ToPythonLiteral(const LiteralDict& dict) {
  return Write(dict, kPython);
}

std::string ToJson(const LiteralValue& value) { return Write(value, kJson); }

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
