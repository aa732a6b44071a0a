// Typed fields from a dict literal.
#ifndef REPRISE_LAUNCH_CLI_DICT_READER_H_
#define REPRISE_LAUNCH_CLI_DICT_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "launch/cli/literal_value.h"

namespace reprise {

// Fills typed fields from a dict and collects what is wrong with it, all at
// once: values of a wrong type or out of range and, at Finish, unknown keys. An
// absent key leaves the field as it is; so does None.
class DictReader {
 public:
  // `context` begins each message ("--agent-config"). Both must outlive this.
  DictReader(const LiteralDict& dict, std::string context,
             std::vector<std::string>* problems);

  void Read(absl::string_view key, bool* field);
  void Read(absl::string_view key, std::optional<bool>* field);
  void Read(absl::string_view key, int64_t least, int64_t* field);
  void Read(absl::string_view key, int64_t least,
            std::optional<int64_t>* field);
  // An int or a float.
  void Read(absl::string_view key, double least, std::optional<double>* field);
  // One of `choices`.
  void Read(absl::string_view key, const std::vector<std::string>& choices,
            std::string* field);
  // A list of ints from `least`, or one int from `least`.
  void Read(absl::string_view key, int64_t least, std::vector<int64_t>* list,
            std::optional<uint64_t>* single);

  // Call last.
  void Finish();

 private:
  // The value of a key that is present and not None.
  const LiteralValue* Find(absl::string_view key);
  void AddProblem(absl::string_view key, const LiteralValue& value,
                  absl::string_view expected);
  bool ReadInt(absl::string_view key, const LiteralValue& value, int64_t least,
               int64_t* field);

  const LiteralDict& dict_;
  std::string context_;
  std::vector<std::string>* problems_;
  std::vector<std::string> known_keys_;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_DICT_READER_H_
