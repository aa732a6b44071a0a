#include "core/base/signal_safe_text.h"

#include <algorithm>
#include <cstring>

namespace reprise {

SignalSafeText::SignalSafeText(char* bytes, size_t size)
    : bytes_(bytes), size_(size) {
  if (size_ > 0) bytes_[0] = '\0';
}

void SignalSafeText::Add(absl::string_view text) {
  if (size_ == 0) return;
  const size_t fits = std::min(text.size(), size_ - 1 - length_);
  if (fits > 0) std::memcpy(bytes_ + length_, text.data(), fits);
  length_ += fits;
  bytes_[length_] = '\0';
}

void SignalSafeText::Add(int64_t number) {
  char digits[20];
  size_t first = sizeof(digits);
  do {
    digits[--first] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  Add(absl::string_view(digits + first, sizeof(digits) - first));
}

}  // namespace reprise
