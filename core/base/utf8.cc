#include "core/base/utf8.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace reprise {

size_t FindInvalidUtf8(absl::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto byte = [&](size_t i) -> uint32_t {
      return at + i < text.size() ? static_cast<unsigned char>(text[at + i])
                                  : 0;
    };
    const uint32_t lead = byte(0);
    if (lead != 0 && lead < 0x80) {
      ++at;
      continue;
    }
    const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4) return at;
    uint32_t code_point = lead & (0xFF >> (length + 1));
    for (size_t i = 1; i < length; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return at;
      code_point = code_point << 6 | (byte(i) & 0x3F);
    }
    if ((length == 3 && code_point < 0x800) ||
        (length == 4 && (code_point < 0x10000 || code_point > 0x10FFFF)) ||
        (code_point >= 0xD800 && code_point < 0xE000)) {
      return at;
    }
    at += length;
  }
  return absl::string_view::npos;
}

std::string ReplaceInvalidUtf8(absl::string_view text) {
  std::string valid;
  for (size_t bad; (bad = FindInvalidUtf8(text)) != absl::string_view::npos;) {
    absl::StrAppend(&valid, text.substr(0, bad));
    AppendUtf8(0xFFFD, valid);
    text.remove_prefix(bad + 1);
  }
  return absl::StrCat(valid, text);
}

void AppendUtf8(uint32_t code_point, std::string& text) {
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
    return;
  }
  const int trailing = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
  constexpr unsigned char kLead[] = {0, 0xC0, 0xE0, 0xF0};
  text += static_cast<char>(kLead[trailing] | code_point >> (6 * trailing));
  for (int i = trailing - 1; i >= 0; --i) {
    text += static_cast<char>(0x80 | (code_point >> (6 * i) & 0x3F));
  }
}

std::string Printable(absl::string_view text) {
  constexpr size_t kMost = 60;
  std::string printable;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string one = absl::CHexEscape(text.substr(i, 1));
    // Quotes need no escape: this is read by people.
    const bool quote = text[i] == '\'' || text[i] == '"';
    if (printable.size() + one.size() > kMost) return printable + "...";
    printable += quote ? std::string(1, text[i]) : one;
  }
  return printable;
}

}  // namespace reprise
