// Prints a page of runs whose every text is markup, for
// report_page_parse_test.py.
#include <iostream>
#include <string>

#include "launch/report/report_page.h"
#include "launch/report/run_folder.h"
#include "launch/report/run_model.h"
#include "launch/report/testing/scripted_folder.h"

int main() {
  const std::string hostile =
      "</script><a href=\"https://hostile.example/\" onclick=x>";
  reprise::RunFolder run = reprise::ScriptedFolder();
  run.path = "results/" + hostile;
  run.start->agent = run.start->dataset = run.run.info.commit = hostile;
  const nlohmann::ordered_json model = reprise::RunModel(run);
  std::cout << reprise::ReportPage(
      reprise::ReportModel({model, model}, std::nullopt));
}
