// Text put together in a signal handler: within memory that is there, without
// a lock or an allocation.
#ifndef REPRISE_CORE_BASE_SIGNAL_SAFE_TEXT_H_
#define REPRISE_CORE_BASE_SIGNAL_SAFE_TEXT_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace reprise {

class SignalSafeText {
 public:
  // Into `bytes`, `size` of them with a closing zero; what does not fit is cut
  // off. With a size of 0 nothing is written.
  SignalSafeText(char* bytes, size_t size);

  void Add(absl::string_view text);
  void Add(int64_t number);  // not negative

  absl::string_view get() const { return {bytes_, length_}; }

 private:
  char* const bytes_;
  const size_t size_;
  size_t length_ = 0;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_SIGNAL_SAFE_TEXT_H_
