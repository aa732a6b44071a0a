// What lies in a folder in which a data set was not found: for the message,
// and to tell a mistake (a packed archive, other names) from no data at all.
#ifndef REPRISE_DATA_NEAR_MISS_H_
#define REPRISE_DATA_NEAR_MISS_H_

#include <optional>
#include <string>
#include <vector>

namespace reprise {

// By which a file of a data set is known that its reader does not take.
struct Clue {
  const char* begin;   // of the file's or folder's name, in small letters
  const char* remedy;  // what the user should do with it
};

struct NearMiss {
  std::string path;  // from the folder on
  std::string remedy;
};

// The first of the clues, in their order, that a name in `folder` has, or one
// in its folders, `levels` in all. At most some thousand names are looked at;
// what cannot be read is passed over. nullopt: nothing of the kind.
//
// One level is for folders that the user did not name: deeper there lie other
// data sets, whose files are called the same (Fashion-MNIST's).
std::optional<NearMiss> FindNearMiss(const std::string& folder,
                                     const std::vector<Clue>& clues,
                                     int levels = 3);

// "PATH; remedy: ..." of the near miss in `folder`, else what lies there and
// `remedy`.
std::string FoundInstead(const std::string& folder,
                         const std::vector<Clue>& clues,
                         const std::string& remedy);

// "nothing", or the first names in `folder`, sorted: "a, b/ and 3 more".
std::string ListFolder(const std::string& folder);

}  // namespace reprise

#endif  // REPRISE_DATA_NEAR_MISS_H_
