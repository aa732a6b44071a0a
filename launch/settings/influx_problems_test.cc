#include "launch/settings/influx_problems.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

InfluxSettings OfVersion1() {
  InfluxSettings influx;
  influx.url = "http://localhost:8086";
  influx.database = "runs";
  influx.user = "u";
  return influx;
}

InfluxSettings OfVersion2() {
  InfluxSettings influx;
  influx.url = "https://influx.example.org";
  influx.org = "lab";
  influx.bucket = "runs";
  influx.token_file = "token";
  return influx;
}

TEST(InfluxProblemsTest, ADatabaseOrABucketIsAServer) {
  EXPECT_THAT(ProblemsOf(OfVersion1()), IsEmpty());
  EXPECT_THAT(ProblemsOf(OfVersion2()), IsEmpty());
  EXPECT_THAT(ProblemsOf(InfluxSettings()), IsEmpty());
}

TEST(InfluxProblemsTest, ADatabaseAndABucketContradictEachOther) {
  InfluxSettings influx = OfVersion1();
  influx.org = "lab";
  influx.bucket = "runs";
  EXPECT_THAT(ProblemsOf(influx), ElementsAre(HasSubstr("contradicts")));
}

TEST(InfluxProblemsTest, WhatTheOtherVersionIsToldByIsRefused) {
  InfluxSettings influx = OfVersion1();
  influx.token_file = "token";
  EXPECT_THAT(ProblemsOf(influx),
              ElementsAre(HasSubstr("--influx-token-file contradicts")));
  influx = OfVersion2();
  influx.user = "u";
  EXPECT_THAT(ProblemsOf(influx),
              ElementsAre(HasSubstr("--influx-user is of InfluxDB 1")));
}

TEST(InfluxProblemsTest, WhatIsMissingIsNamed) {
  InfluxSettings influx = OfVersion2();
  influx.bucket.clear();
  EXPECT_THAT(ProblemsOf(influx),
              ElementsAre(HasSubstr("found one of the latter")));
  influx = {};
  influx.url = "localhost";
  EXPECT_THAT(ProblemsOf(influx), ElementsAre(HasSubstr("expected http://HOST"),
                                              HasSubstr("found none of them")));
}

}  // namespace
}  // namespace reprise
