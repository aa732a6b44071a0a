// CANDLE's NT3, as the program knows it.
#ifndef REPRISE_LAUNCH_DATA_ROWS_CANDLE_ROW_H_
#define REPRISE_LAUNCH_DATA_ROWS_CANDLE_ROW_H_

#include "launch/data/rows/dataset_row.h"

namespace reprise {

DatasetRow CandleRow();

}  // namespace reprise

#endif  // REPRISE_LAUNCH_DATA_ROWS_CANDLE_ROW_H_
