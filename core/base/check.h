// REPRISE_CHECK(condition) << detail: for broken invariants of our own code.
// Prints file, line, rank and the detail on stderr and aborts. Bad input, files
// and networks are never checked this way: they return a Status.
#ifndef REPRISE_CORE_BASE_CHECK_H_
#define REPRISE_CORE_BASE_CHECK_H_

#include <sstream>

namespace reprise {
namespace check_internal {

class Failure {
 public:
  Failure(const char* file, int line, const char* condition);
  [[noreturn]] ~Failure();
  std::ostream& stream() { return stream_; }

 private:
  std::ostringstream stream_;
};

// Gives both arms of the conditional below the type void.
struct Voidify {
  void operator&(std::ostream&) {}
};

}  // namespace check_internal

// The rank that REPRISE_CHECK and the log print; 0 until set.
void SetProcessRank(int rank);
int ProcessRank();

}  // namespace reprise

#define REPRISE_CHECK(condition)                                               \
  (__builtin_expect(static_cast<bool>(condition), 1))                          \
      ? (void)0                                                                \
      : ::reprise::check_internal::Voidify() &                                 \
            ::reprise::check_internal::Failure(__FILE__, __LINE__, #condition) \
                .stream()

#endif  // REPRISE_CORE_BASE_CHECK_H_
