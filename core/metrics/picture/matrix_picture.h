// Figures of matrices of shares: the accuracy matrix and the confusion matrix
// of a head. Colours run from light (0) to dark (1) in one hue, so that a
// figure is read in grey and by who does not tell colours apart; numbers stand
// in the cells where they fit, in black or white, whichever has the contrast.
#ifndef REPRISE_CORE_METRICS_PICTURE_MATRIX_PICTURE_H_
#define REPRISE_CORE_METRICS_PICTURE_MATRIX_PICTURE_H_

#include <cstdint>

#include "core/metrics/accuracy/accuracy_matrix.h"
#include "core/metrics/confusion/confusion_matrix.h"
#include "core/metrics/picture/picture.h"

namespace reprise {

// a(i,j) with two decimals of the first `tasks` tasks, 1 <= tasks <=
// matrix.num_tasks(): a row i a task that has been learnt, a column j a task
// whose test set was used. What is unknown has no number and is grey; above the
// diagonal there is nothing.
Picture DrawAccuracyMatrix(const AccuracyMatrix& matrix, int64_t tasks);

// A row a true class, a column a predicted one. Colours are shares of the row,
// numbers are samples; cells without samples have none.
Picture DrawConfusionMatrix(const ConfusionMatrix& matrix);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_PICTURE_MATRIX_PICTURE_H_
