// Checks of text that comes from outside.
#ifndef REPRISE_CORE_BASE_UTF8_H_
#define REPRISE_CORE_BASE_UTF8_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace reprise {

// The offset of the first byte that is not part of well-formed UTF-8 (overlong
// forms, surrogates and code points above U+10FFFF are not, and neither is
// NUL); absl::string_view::npos if there is none.
size_t FindInvalidUtf8(absl::string_view text);

// `text` with U+FFFD in place of each byte that FindInvalidUtf8 finds.
std::string ReplaceInvalidUtf8(absl::string_view text);

// `code_point` is at most U+10FFFF and no surrogate.
void AppendUtf8(uint32_t code_point, std::string& text);

// For messages: at most 60 bytes, all printable ASCII.
std::string Printable(absl::string_view text);

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_UTF8_H_
