// The numbers that the kernel lists as names in a folder: threads in
// /proc/self/task, descriptors in /proc/self/fd.
#ifndef REPRISE_LAUNCH_PROCESS_NUMBERED_ENTRIES_H_
#define REPRISE_LAUNCH_PROCESS_NUMBERED_ENTRIES_H_

#include <string>
#include <system_error>
#include <vector>

namespace reprise {

// In the folder's order; other names are passed over. `error` is that of
// reading the folder, and then those before it are returned.
std::vector<int> NumberedEntries(const std::string& folder,
                                 std::error_code* error);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_PROCESS_NUMBERED_ENTRIES_H_
