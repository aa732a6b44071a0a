#include "launch/report/table/text_table.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/base/check.h"
#include "core/base/utf8.h"

namespace reprise {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kShortestCut = 10;  // with its ".."

bool IsContinuation(char byte) { return (byte & 0xC0) == 0x80; }

// In letters, each of which is taken to be one column wide.
size_t WidthOf(absl::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(),
                    [](char byte) { return !IsContinuation(byte); }));
}

std::string Harmless(const std::string& text) {
  const bool is_utf8 = FindInvalidUtf8(text) == absl::string_view::npos;
  std::string harmless = text;
  for (char& byte : harmless) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x20 || code == 0x7F || (code >= 0x80 && !is_utf8)) byte = '?';
  }
  return harmless;
}

class Layout {
 public:
  Layout(const std::vector<TextColumn>& columns,
         const std::vector<std::vector<std::string>>& rows)
      : columns_(columns), kept_(columns.size(), true) {
    for (size_t c = 0; c < columns.size(); ++c) {
      widths_.push_back(WidthOf(columns[c].name));
      for (const auto& row : rows) {
        widths_[c] = std::max(widths_[c], WidthOf(row[c]));
      }
    }
  }

  void Fit(size_t width) {
    while (Total() > width && CutWidest()) {
    }
    for (size_t c = columns_.size(); c-- > 0 && Total() > width;) {
      if (columns_[c].may_be_left_out) kept_[c] = false;
    }
  }

  std::string Line(const std::vector<std::string>& cells) const {
    std::string line;
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (!kept_[c]) continue;
      const std::string cell =
          CutToWidth(cells[c], static_cast<int>(widths_[c]));
      const std::string fill(widths_[c] - WidthOf(cell), ' ');
      if (!line.empty()) line.append(kGap, ' ');
      absl::StrAppend(&line, columns_[c].is_number ? fill : "", cell,
                      columns_[c].is_number ? "" : fill);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
  }

  std::vector<std::string> LeftOut() const {
    std::vector<std::string> names;
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (!kept_[c]) names.push_back(columns_[c].name);
    }
    return names;
  }

 private:
  size_t Total() const {
    size_t total = 0;
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (kept_[c]) total += widths_[c] + (total > 0 ? kGap : 0);
    }
    return total;
  }

  // By one letter; false: none may be cut any more.
  bool CutWidest() {
    size_t* widest = nullptr;
    for (size_t c = 0; c < columns_.size(); ++c) {
      const size_t least = std::max(kShortestCut, WidthOf(columns_[c].name));
      if (!columns_[c].may_be_cut || widths_[c] <= least) continue;
      if (widest == nullptr || widths_[c] > *widest) widest = &widths_[c];
    }
    if (widest == nullptr) return false;
    --*widest;
    return true;
  }

  const std::vector<TextColumn>& columns_;
  std::vector<size_t> widths_;
  std::vector<bool> kept_;
};

}  // namespace

std::string CutToWidth(const std::string& line, int width) {
  const auto columns = static_cast<size_t>(std::max(width, 2));
  if (WidthOf(line) <= columns) return line;
  size_t end = 0;
  for (size_t letters = 0; end < line.size(); ++end) {
    if (!IsContinuation(line[end]) && letters++ == columns - 2) break;
  }
  return line.substr(0, end) + "..";
}

std::string TextTable(const std::vector<TextColumn>& columns,
                      const std::vector<std::vector<std::string>>& rows,
                      int width) {
  std::vector<std::vector<std::string>> harmless;
  for (const auto& row : rows) {
    REPRISE_CHECK(row.size() == columns.size());
    auto& cells = harmless.emplace_back();
    for (const std::string& cell : row) cells.push_back(Harmless(cell));
  }
  Layout layout(columns, harmless);
  if (width > 0) layout.Fit(static_cast<size_t>(width));
  std::vector<std::string> names;
  for (const TextColumn& column : columns) names.push_back(column.name);
  std::string text = layout.Line(names);
  for (const auto& row : harmless) text += layout.Line(row);
  if (!layout.LeftOut().empty()) {
    absl::StrAppend(&text,
                    "(too narrow for: ", absl::StrJoin(layout.LeftOut(), ", "),
                    ")\n");
  }
  return text;
}

}  // namespace reprise
