#include "launch/cli/yaml/yaml_document.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/mark.h"
#include "yaml-cpp/parser.h"

namespace reprise {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 20;
constexpr size_t kDeepest = 32;
// Below them nothing is looked at one by one.
constexpr size_t kLevelsOfChildren = 3;

// Leaves yaml-cpp's parser; caught in ParseYaml.
struct Refusal {
  int line;
  std::string what;
};

std::string Line(int line) { return absl::StrCat("line ", line); }

// How YAML 1.1 types a scalar without quotes; floats need no point.
LiteralValue PlainScalar(const std::string& text) {
  LiteralValue value;
  const std::string lower = absl::AsciiStrToLower(text);
  int64_t integer = 0;
  double number = 0;
  const size_t digits = text.find_first_not_of("+-");
  const bool leading_zero = digits != std::string::npos &&
                            text.size() > digits + 1 && text[digits] == '0' &&
                            absl::ascii_isdigit(text[digits + 1]);
  const bool number_like =
      text.find_first_not_of("+-.0123456789eE") == std::string::npos &&
      !leading_zero;
  if (lower.empty() || lower == "~" || lower == "null") {
    return value;
  } else if (lower == "true" || lower == "yes" || lower == "on") {
    value.value = true;
  } else if (lower == "false" || lower == "no" || lower == "off") {
    value.value = false;
  } else if (number_like && absl::SimpleAtoi(text, &integer)) {
    value.value = integer;
  } else if (number_like && absl::SimpleAtod(text, &number)) {
    value.value = number;
  } else {
    value.value = text;
  }
  return value;
}

// Builds one value from the events of a document. Events and not yaml-cpp's
// nodes: they show duplicate keys, quotes and lines, and expand no aliases.
class Builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Add(mark, "", LiteralValue());
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refusal{mark.line + 1, "aliases (*name) are not read"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    if (ExpectsKey()) {
      frames_.back().key = text;
      frames_.back().key_line = mark.line + 1;
      if (!frames_.back().keys.insert(text).second) {
        throw Refusal{mark.line + 1, absl::StrCat("key '", Printable(text),
                                                  "' is given twice")};
      }
      frames_.back().has_key = true;
      return;
    }
    LiteralValue value;
    if (tag == "?") {
      value = PlainScalar(text);
    } else {
      value.value = text;
    }
    Add(mark, text, std::move(value));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&,
                       YAML::anchor_t, YAML::EmitterStyle::value) override {
    Push(mark, /*is_map=*/false);
  }
  void OnSequenceEnd() override { Pop(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Push(mark, /*is_map=*/true);
  }
  void OnMapEnd() override { Pop(); }

  // The document; a null where it is empty.
  YamlNode TakeRoot() { return std::move(root_); }

 private:
  struct Frame {
    YamlNode node;
    bool has_key = false;
    std::string key;
    int key_line = 0;
    std::set<std::string> keys;
  };

  bool ExpectsKey() const {
    return !frames_.empty() && frames_.back().node.is_map &&
           !frames_.back().has_key;
  }

  void RefuseAsKey(const YAML::Mark& mark) const {
    if (ExpectsKey()) throw Refusal{mark.line + 1, "expected a key of text"};
  }

  void Push(const YAML::Mark& mark, bool is_map) {
    RefuseAsKey(mark);
    if (frames_.size() >= kDeepest) {
      throw Refusal{mark.line + 1,
                    absl::StrCat("more than ", kDeepest, " levels of nesting")};
    }
    Frame frame;
    frame.node.is_map = is_map;
    frame.node.is_list = !is_map;
    frame.node.line = mark.line + 1;
    if (is_map) {
      frame.node.value.value = LiteralDict();
    } else {
      frame.node.value.value = LiteralList();
    }
    frames_.push_back(std::move(frame));
  }

  void Pop() {
    YamlNode node = std::move(frames_.back().node);
    frames_.pop_back();
    node.value.where = Line(node.line);
    Put(std::move(node));
  }

  void Add(const YAML::Mark& mark, const std::string& text,
           LiteralValue value) {
    RefuseAsKey(mark);
    YamlNode node;
    node.line = mark.line + 1;
    node.text = text;
    node.value = std::move(value);
    node.value.where = Line(node.line);
    Put(std::move(node));
  }

  void Put(YamlNode node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.is_map) {
      node.key = frame.key;
      node.line = frame.key_line;
      frame.has_key = false;
      std::get<LiteralDict>(frame.node.value.value)
          .emplace_back(frame.key, node.value);
    } else {
      std::get<LiteralList>(frame.node.value.value).push_back(node.value);
    }
    if (frames_.size() <= kLevelsOfChildren) {
      frame.node.children.push_back(std::move(node));
    }
  }

  std::vector<Frame> frames_;
  YamlNode root_;
};

}  // namespace

absl::StatusOr<YamlNode> ParseYaml(absl::string_view yaml) {
  if (yaml.size() > kMostBytes) {
    return UsageError(absl::StrCat("expected at most ", kMostBytes,
                                   " bytes, found ", yaml.size()));
  }
  const size_t invalid = FindInvalidUtf8(yaml);
  if (invalid != absl::string_view::npos) {
    const auto line =
        1 + std::count(yaml.begin(), yaml.begin() + invalid, '\n');
    return UsageError(absl::StrCat("line ", line, ": expected UTF-8, found '",
                                   Printable(yaml.substr(invalid, 4)), "'"));
  }
  Builder builder;
  try {
    std::istringstream stream{std::string(yaml)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    Builder second;
    if (parser.HandleNextDocument(second)) {
      return UsageError("expected one document, found more (---)");
    }
  } catch (const Refusal& refusal) {
    return UsageError(absl::StrCat(Line(refusal.line), ": ", refusal.what));
  } catch (const YAML::Exception& error) {
    return UsageError(
        absl::StrCat(Line(error.mark.line + 1), ": not YAML: ", error.msg));
  }
  return builder.TakeRoot();
}

absl::StatusOr<YamlNode> ReadYamlFile(const std::string& path) {
  const absl::StatusOr<std::string> yaml = ReadUserInput(path, kMostBytes);
  // An unreadable configuration is a mistake in the command, not a full disk.
  if (!yaml.ok()) return UsageError(yaml.status().message());
  auto document = ParseYaml(*yaml);
  if (document.ok()) return document;
  return UsageError(absl::StrCat(path, ": ", document.status().message()));
}

}  // namespace reprise
