#include "launch/cli/config_file.h"

#include <algorithm>
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

// Leaves yaml-cpp's parser; caught in ParseConfig.
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
  struct Node {
    ConfigEntry entry;
    bool is_map = false;
    std::vector<Node> children;  // of a map
  };

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
  const Node& root() const { return root_; }

 private:
  struct Frame {
    Node node;
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
    frame.node.entry.line = mark.line + 1;
    if (is_map) {
      frame.node.entry.value.value = LiteralDict();
    } else {
      frame.node.entry.value.value = LiteralList();
    }
    frames_.push_back(std::move(frame));
  }

  void Pop() {
    Node node = std::move(frames_.back().node);
    frames_.pop_back();
    node.entry.value.where = Line(node.entry.line);
    Put(std::move(node));
  }

  void Add(const YAML::Mark& mark, const std::string& text,
           LiteralValue value) {
    RefuseAsKey(mark);
    Node node;
    node.entry.line = mark.line + 1;
    node.entry.text = text;
    node.entry.value = std::move(value);
    node.entry.value.where = Line(node.entry.line);
    Put(std::move(node));
  }

  void Put(Node node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (!frame.node.is_map) {
      std::get<LiteralList>(frame.node.entry.value.value)
          .push_back(std::move(node.entry.value));
      return;
    }
    node.entry.key = frame.key;
    node.entry.line = frame.key_line;
    frame.has_key = false;
    std::get<LiteralDict>(frame.node.entry.value.value)
        .emplace_back(frame.key, node.entry.value);
    // Only sections and their entries are looked at one by one.
    if (frames_.size() <= 2) frame.node.children.push_back(std::move(node));
  }

  std::vector<Frame> frames_;
  Node root_;
};

absl::StatusOr<std::vector<ConfigSection>> ToSections(
    const Builder::Node& root) {
  std::vector<ConfigSection> sections;
  if (std::holds_alternative<std::monostate>(root.entry.value.value)) {
    return sections;
  }
  constexpr char kExpected[] = "expected sections like base: with flags below";
  if (!root.is_map) {
    return UsageError(absl::StrCat(Line(root.entry.line), ": ", kExpected));
  }
  for (const Builder::Node& node : root.children) {
    ConfigSection section;
    section.name = node.entry.key;
    section.line = node.entry.line;
    for (const Builder::Node& child : node.children) {
      section.entries.push_back(child.entry);
    }
    const bool empty =
        std::holds_alternative<std::monostate>(node.entry.value.value);
    if (!node.is_map && !empty) {
      return UsageError(absl::StrCat(Line(section.line), ": ", kExpected,
                                     ", found ", Printable(section.name),
                                     " with a value of its own"));
    }
    sections.push_back(std::move(section));
  }
  return sections;
}

}  // namespace

absl::StatusOr<std::vector<ConfigSection>> ParseConfig(absl::string_view yaml) {
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
  return ToSections(builder.root());
}

absl::StatusOr<std::vector<ConfigSection>> ReadConfigFile(
    const std::string& path) {
  const absl::StatusOr<std::string> yaml = ReadUserInput(path, kMostBytes);
  // An unreadable configuration is a mistake in the command, not a full disk.
  if (!yaml.ok()) return UsageError(yaml.status().message());
  auto sections = ParseConfig(*yaml);
  if (!sections.ok()) {
    return UsageError(absl::StrCat(path, ": ", sections.status().message()));
  }
  return sections;
}

}  // namespace reprise
