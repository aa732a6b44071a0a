#include "launch/settings/resolve/configuration_source.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/base/environment.h"
#include "core/base/nearest_name.h"
#include "core/base/utf8.h"
#include "launch/cli/flag_names.h"
#include "launch/cli/yaml/config_file.h"
#include "launch/cli/yaml/yaml_document.h"
#include "launch/settings/components/setting_table.h"
#include "launch/settings/resolve/given_lines.h"

namespace reprise {
namespace {

bool Exists(const std::string& path) {
  return !path.empty() && access(ResolveUserPath(path).c_str(), F_OK) == 0;
}

const ConfigSection* FindSection(const std::vector<ConfigSection>& sections,
                                 absl::string_view name) {
  for (const ConfigSection& section : sections) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

bool NamesAFlag(const ConfigSection& section) {
  return std::any_of(section.entries.begin(), section.entries.end(),
                     [](const YamlNode& entry) {
                       return SettingNames().Find(entry.key).flag != nullptr;
                     });
}

class FileReader {
 public:
  FileReader(const std::vector<GivenSetting>& command_line,
             ResolvedSettings& resolved)
      : file_flag_(FindGiven(command_line, "yaml-config")),
        section_flag_(FindGiven(command_line, "config")),
        resolved_(resolved) {
    const ConfigurationSettings& defaults = resolved.spec.configuration;
    path_ = file_flag_ != nullptr ? file_flag_->text : defaults.file;
    name_ = section_flag_ != nullptr ? section_flag_->text : defaults.section;
    resolved.file_is_named = file_flag_ != nullptr || section_flag_ != nullptr;
  }

  std::vector<GivenSetting> Read() {
    const std::optional<ConfigSection> section = ChooseSection();
    if (!section.has_value()) return {};
    if (!resolved_.file_is_named && !section->entries.empty() &&
        !NamesAFlag(*section)) {
      IgnoreFile(absl::StrCat("none of the keys of its section ", name_,
                              " is a flag"));
      return {};
    }
    resolved_.file_in_use = true;
    resolved_.spec.configuration.file = path_;
    resolved_.spec.configuration.section = name_;
    return GivenByLines(path_, section->entries, Level::kFile, resolved_);
  }

 private:
  std::optional<ConfigSection> ChooseSection() {
    if (file_flag_ != nullptr && path_.empty() && section_flag_ == nullptr) {
      return std::nullopt;
    }
    // Upstream's scripts pass the file where the section belongs.
    const bool section_may_be_file =
        section_flag_ != nullptr && file_flag_ == nullptr && Exists(name_);
    std::vector<ConfigSection> sections;
    if (Exists(path_) || file_flag_ != nullptr) {
      if (!ReadSections(&sections)) return std::nullopt;
    } else if (section_flag_ == nullptr) {
      return std::nullopt;
    } else if (!section_may_be_file) {
      resolved_.AddProblem(
          "--config: there is no ", path_,
          " to read the section from; name the file by --yaml-config");
      return std::nullopt;
    }
    const ConfigSection* section = FindSection(sections, name_);
    if (section == nullptr && section_may_be_file) {
      path_ = name_;
      name_ = ConfigurationSettings().section;
      resolved_.notes.push_back(absl::StrCat(
          "--config names the file ", path_, " and no section: read as ",
          "--yaml-config ", path_, " --config ", name_));
      if (!ReadSections(&sections)) return std::nullopt;
      section = FindSection(sections, name_);
    }
    if (section != nullptr) return *section;
    SayThatSectionIsMissing(sections);
    return std::nullopt;
  }

  bool ReadSections(std::vector<ConfigSection>* sections) {
    auto read = ReadConfigFile(ResolveUserPath(path_));
    if (read.ok()) {
      *sections = *std::move(read);
      return true;
    }
    if (resolved_.file_is_named) {
      resolved_.AddProblem(read.status().message());
    } else {
      IgnoreFile(read.status().message());
    }
    return false;
  }

  // A file of this name that nobody named may be another program's.
  void IgnoreFile(absl::string_view why) {
    resolved_.notes.push_back(
        absl::StrCat(path_, " in the working folder is not used: ", why,
                     " (--yaml-config=", path_, " would insist)"));
  }

  void SayThatSectionIsMissing(const std::vector<ConfigSection>& sections) {
    std::vector<std::string> names;
    for (const ConfigSection& other : sections) names.push_back(other.name);
    const std::string missing =
        absl::StrCat(path_, " has no section ", Printable(name_), "; it has ",
                     names.empty() ? "none" : absl::StrJoin(names, ", "),
                     DidYouMean(name_, names));
    if (resolved_.file_is_named) {
      resolved_.problems.push_back(missing);
    } else {
      resolved_.notes.push_back(missing + ": not used");
    }
  }

  const GivenSetting* const file_flag_;     // nullptr: not given
  const GivenSetting* const section_flag_;  // nullptr: not given
  ResolvedSettings& resolved_;
  std::string path_, name_;
};

}  // namespace

std::vector<GivenSetting> GivenInFile(
    const std::vector<GivenSetting>& command_line, ResolvedSettings& resolved) {
  return FileReader(command_line, resolved).Read();
}

}  // namespace reprise
