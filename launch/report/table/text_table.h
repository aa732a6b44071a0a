// Rows of text in aligned columns, for a terminal.
#ifndef REPRISE_LAUNCH_REPORT_TABLE_TEXT_TABLE_H_
#define REPRISE_LAUNCH_REPORT_TABLE_TEXT_TABLE_H_

#include <string>
#include <vector>

namespace reprise {

struct TextColumn {
  std::string name;
  bool is_number = false;  // to the right
  // Where the terminal is too narrow for all: cut first, down to a few letters
  // and "..", then left out, the last column first.
  bool may_be_cut = false;
  bool may_be_left_out = false;
};

// A heading and a line for each of `rows`, which have a cell for each column;
// whole lines. They are at most `width` columns wide if the columns allow that;
// 0: any width. Columns left out are named in a last line. Bytes that would
// steer a terminal come as '?'.
std::string TextTable(const std::vector<TextColumn>& columns,
                      const std::vector<std::vector<std::string>>& rows,
                      int width);

// A line of a terminal, ".." at its end where it was longer than `width`
// columns, at least 2.
std::string CutToWidth(const std::string& line, int width);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_TABLE_TEXT_TABLE_H_
