#include "launch/settings/model_rows.h"

#include "core/base/status_matchers.h"
#include "gtest/gtest.h"
#include "models/input_shape.h"
#include "models/model.h"
#include "models/model_table.h"

namespace reprise {
namespace {

TEST(ModelRows, SayOfEachNetworkWhatItSaysOfItself) {
  for (const ModelSettingsRow& row : ModelSettingsRows()) {
    const auto model = MakeModel({row.name}, ModelOptions());
    REPRISE_ASSERT_OK(model.status());
    EXPECT_EQ(TextOf((*model)->input_shape()), TextOf(row.input_shape))
        << row.name;
    EXPECT_EQ((*model)->running_statistics().empty(), !row.has_batch_norm)
        << row.name;
  }
}

}  // namespace
}  // namespace reprise
