// The scaling of CANDLE's features: each divided by the largest magnitude that
// it has (scikit-learn's MaxAbsScaler, which upstream uses).
#ifndef REPRISE_DATA_CANDLE_MAX_ABS_H_
#define REPRISE_DATA_CANDLE_MAX_ABS_H_

#include <cstdint>
#include <vector>

namespace reprise {

// max_abs[e] = max over rows of |rows[i, e]|; rows are fp32 [count, features],
// finite.
std::vector<float> MaxAbsOf(const float* rows, int64_t count, int64_t features);

// RowFormat::element_scale for features of these largest magnitudes: 1 / max, 1
// where the maximum is 0. Limited to float32's largest value, which maxima
// below 3e-39 would exceed.
std::vector<float> ScaleOfMaxAbs(const std::vector<float>& max_abs);

}  // namespace reprise

#endif  // REPRISE_DATA_CANDLE_MAX_ABS_H_
