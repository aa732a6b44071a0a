#include "launch/cli/dict_literal.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
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

// A place in the text, as messages name places.
std::string Column(size_t at) { return absl::StrCat("column ", at + 1); }

// The text's tokens, one at hand.
class Lexer {
 public:
  // Advance leads to the first token.
  explicit Lexer(absl::string_view text) : text_(text) {}

  const Token& token() const { return token_; }

  bool IsPunctuation(char c) const {
    return token_.kind == TokenKind::kPunctuation && token_.text[0] == c;
  }

  // That something else than `what` says is at a token, or at the one at hand.
  absl::Status Error(const Token& token, absl::string_view what) const {
    const std::string found =
        token.kind == TokenKind::kEnd
            ? "the end"
            : absl::StrCat("'", Printable(text_.substr(token.at, 20)), "'");
    return UsageError(
        absl::StrCat(Column(token.at), ": ", what, ", found ", found));
  }
  absl::Status Error(absl::string_view what) const {
    return Error(token_, what);
  }

  // To the next token; at the end there are only ends.
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

 private:
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

absl::StatusOr<int64_t> ParseInt(std::string digits) {
  const bool negative = digits[0] == '-';
  const size_t first = digits[0] == '-' || digits[0] == '+' ? 1 : 0;
  const char letter =
      digits.size() > first + 1 ? absl::ascii_tolower(digits[first + 1]) : '\0';
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

// One literal from a text's tokens.
class Parser {
 public:
  explicit Parser(absl::string_view text) : lexer_(text) {}

  // One value that begins with `open`. `what` calls it in messages, `like`
  // shows one.
  absl::StatusOr<LiteralValue> Parse(char open, absl::string_view what,
                                     absl::string_view like) {
    REPRISE_RETURN_IF_ERROR(lexer_.Advance());
    if (!lexer_.IsPunctuation(open)) {
      return lexer_.Error(absl::StrCat("expected a ", what, " like ", like));
    }
    REPRISE_ASSIGN_OR_RETURN(LiteralValue value, ParseValue(1));
    if (lexer_.token().kind != TokenKind::kEnd) {
      return lexer_.Error(absl::StrCat("expected nothing after the ", what));
    }
    return value;
  }

 private:
  absl::StatusOr<LiteralValue> ParseValue(int depth) {
    const Token token = lexer_.token();
    if (depth > kDeepest) {
      return UsageError(absl::StrCat(Column(token.at), ": more than ", kDeepest,
                                     " levels of nesting"));
    }
    LiteralValue value;
    value.where = Column(token.at);
    switch (token.kind) {
      case TokenKind::kString: {
        REPRISE_ASSIGN_OR_RETURN(value.value, lexer_.TakeStrings());
        return value;
      }
      case TokenKind::kInt: {
        const auto number =
            ParseInt(absl::StrReplaceAll(token.text, {{"_", ""}}));
        if (!number.ok()) {
          return lexer_.Error(token, "expected an int of at most 64 bits");
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
          return lexer_.Error(
              token, leading_zero ? "expected an int without leading zeros"
                                  : "expected a float that fits 64 bits");
        }
        value.value = number;
        break;
      }
      case TokenKind::kWord:
        if (token.text == "True" || token.text == "False") {
          value.value = token.text == "True";
        } else if (token.text != "None") {
          return lexer_.Error(
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
        return lexer_.Error(token, "expected a value");
    }
    REPRISE_RETURN_IF_ERROR(lexer_.Advance());
    return value;
  }

  absl::StatusOr<LiteralValue> ParseDict(int depth) {
    LiteralValue value;
    value.where = Column(lexer_.token().at);
    LiteralDict dict;
    std::vector<std::string> sorted_keys;
    REPRISE_RETURN_IF_ERROR(lexer_.Advance());
    while (!lexer_.IsPunctuation('}')) {
      const Token key_token = lexer_.token();
      if (key_token.kind != TokenKind::kString) {
        return lexer_.Error(key_token, "expected a key in quotes or }");
      }
      REPRISE_ASSIGN_OR_RETURN(std::string key, lexer_.TakeStrings());
      const auto place =
          std::lower_bound(sorted_keys.begin(), sorted_keys.end(), key);
      if (place != sorted_keys.end() && *place == key) {
        return UsageError(absl::StrCat(Column(key_token.at), ": key '",
                                       Printable(key), "' is given twice"));
      }
      sorted_keys.insert(place, key);
      if (!lexer_.IsPunctuation(':')) {
        return lexer_.Error("expected :");
      }
      REPRISE_RETURN_IF_ERROR(lexer_.Advance());
      REPRISE_ASSIGN_OR_RETURN(LiteralValue item, ParseValue(depth + 1));
      // Messages about an entry point at its key.
      item.where = Column(key_token.at);
      dict.emplace_back(std::move(key), std::move(item));
      if (lexer_.IsPunctuation('}')) break;
      if (!lexer_.IsPunctuation(',')) {
        return lexer_.Error("expected , or }");
      }
      REPRISE_RETURN_IF_ERROR(lexer_.Advance());
    }
    REPRISE_RETURN_IF_ERROR(lexer_.Advance());
    value.value = std::move(dict);
    return value;
  }

  absl::StatusOr<LiteralValue> ParseSequence(int depth, char close) {
    LiteralValue value;
    value.where = Column(lexer_.token().at);
    LiteralList list;
    bool comma = false;
    REPRISE_RETURN_IF_ERROR(lexer_.Advance());
    while (!lexer_.IsPunctuation(close)) {
      REPRISE_ASSIGN_OR_RETURN(LiteralValue item, ParseValue(depth + 1));
      list.push_back(std::move(item));
      if (lexer_.IsPunctuation(close)) break;
      if (!lexer_.IsPunctuation(',')) {
        return lexer_.Error(
            absl::StrCat("expected , or ", absl::string_view(&close, 1)));
      }
      comma = true;
      REPRISE_RETURN_IF_ERROR(lexer_.Advance());
    }
    REPRISE_RETURN_IF_ERROR(lexer_.Advance());
    // (x) is x itself, as in Python.
    if (close == ')' && list.size() == 1 && !comma) return std::move(list[0]);
    value.value = std::move(list);
    return value;
  }

  Lexer lexer_;
};

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

}  // namespace reprise
