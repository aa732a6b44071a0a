#include "launch/monitoring/server/server_files.h"

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/monitoring/points/measurement_table.h"
#include "yaml-cpp/yaml.h"

namespace reprise {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

MonitoringServers Servers() {
  MonitoringServers servers;
  servers.influx_url = "http://node-7:8087";
  servers.run_database = "runs-of-2022";
  servers.host_database = "hosts";
  return servers;
}

std::string ContentOf(const std::string& path) {
  for (const MonitoringFile& file : ServerFiles(Servers())) {
    if (file.path == path) return file.content;
  }
  ADD_FAILURE() << path;
  return "";
}

TEST(ServerFilesTest, PortsAreTheMachinesOwnAndImagesAreNamedWithAVersion) {
  const YAML::Node compose = YAML::Load(ContentOf("compose.yaml"));
  int ports = 0;
  for (const auto& service : compose["services"]) {
    EXPECT_THAT(service.second["image"].as<std::string>(),
                MatchesRegex("[a-z]+(/[a-z]+)?:[0-9]+\\.[0-9]+\\.[0-9]+"));
    EXPECT_TRUE(service.second["healthcheck"]["test"].IsSequence());
    for (const auto& port : service.second["ports"]) {
      EXPECT_THAT(port.as<std::string>(), StartsWith("127.0.0.1:"));
      ++ports;
    }
  }
  EXPECT_EQ(ports, 2);
  EXPECT_EQ(compose["services"]["influxdb"]["environment"]["INFLUXDB_DB"]
                .as<std::string>(),
            "runs-of-2022");
  // Telegraf starts only if it is asked for.
  EXPECT_EQ(compose["services"]["telegraf"]["profiles"][0].as<std::string>(),
            "telegraf");
}

TEST(ServerFilesTest, WhatAServiceMountsIsDeclaredOrWritten) {
  const YAML::Node compose = YAML::Load(ContentOf("compose.yaml"));
  for (const auto& service : compose["services"]) {
    for (const auto& volume : service.second["volumes"]) {
      const std::string text = volume.as<std::string>();
      const std::string source = text.substr(0, text.find(':'));
      if (source == "/") continue;  // the host, for Telegraf
      if (absl::StartsWith(source, "./")) {
        bool is_written = absl::StrContains(source, kDashboardFolder);
        for (const MonitoringFile& file : ServerFiles(Servers())) {
          is_written |= absl::StartsWith(file.path, source.substr(2));
        }
        EXPECT_TRUE(is_written) << source;
      } else {
        EXPECT_TRUE(compose["volumes"][source].IsDefined()) << source;
      }
    }
    for (const auto& other : service.second["depends_on"]) {
      EXPECT_TRUE(
          compose["services"][other.first.as<std::string>()].IsDefined());
    }
  }
}

TEST(ServerFilesTest, DataSourcesHaveTheDashboardsIdsAndBothFormsOfDatabase) {
  const YAML::Node sources = YAML::Load(ContentOf(
      "grafana/provisioning/datasources/reprise.yaml"))["datasources"];
  ASSERT_EQ(sources.size(), 2u);
  const std::string expected[2][2] = {{"reprise-influxdb", "runs-of-2022"},
                                      {"reprise-telegraf", "hosts"}};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(sources[i]["uid"].as<std::string>(), expected[i][0]);
    EXPECT_EQ(sources[i]["type"].as<std::string>(), "influxdb");
    EXPECT_EQ(sources[i]["database"].as<std::string>(), expected[i][1]);
    EXPECT_EQ(sources[i]["jsonData"]["dbName"].as<std::string>(),
              expected[i][1]);
  }
}

TEST(ServerFilesTest, GrafanaFindsTheDashboardsThatItIsGiven) {
  const YAML::Node provider =
      YAML::Load(ContentOf("grafana/provisioning/dashboards/reprise.yaml"));
  EXPECT_EQ(provider["providers"][0]["options"]["path"].as<std::string>(),
            "$REPRISE_DASHBOARDS");
  const YAML::Node grafana =
      YAML::Load(ContentOf("compose.yaml"))["services"]["grafana"];
  const std::string mount = absl::StrCat(
      "./", kDashboardFolder, ":",
      grafana["environment"]["REPRISE_DASHBOARDS"].as<std::string>(), ":ro");
  bool is_mounted = false;
  for (const auto& volume : grafana["volumes"]) {
    is_mounted |= volume.as<std::string>() == mount;
  }
  EXPECT_TRUE(is_mounted) << mount;
}

TEST(ServerFilesTest, TelegrafHasAnInputForEachMeasurementOfHosts) {
  const std::string configuration = ContentOf("telegraf/telegraf.conf");
  EXPECT_THAT(configuration, HasSubstr("urls = [\"http://node-7:8087\"]"));
  EXPECT_THAT(configuration, HasSubstr("database = \"hosts\""));
  size_t inputs = 0;
  for (size_t at = configuration.find("[[inputs."); at != std::string::npos;
       at = configuration.find("[[inputs.", at + 1)) {
    ++inputs;
  }
  EXPECT_EQ(inputs, HostMeasurements().size());
  for (const Measurement& measurement : HostMeasurements()) {
    EXPECT_THAT(configuration,
                HasSubstr(absl::StrCat("[[inputs.", measurement.name, "]]\n")));
  }
}

TEST(ServerFilesTest, NoPlaceIsLeftUnfilled) {
  std::set<std::string> paths;
  for (const MonitoringFile& file : ServerFiles(Servers())) {
    EXPECT_TRUE(paths.insert(file.path).second);
    EXPECT_THAT(file.content, Not(HasSubstr("@"))) << file.path;
  }
}

}  // namespace
}  // namespace reprise
