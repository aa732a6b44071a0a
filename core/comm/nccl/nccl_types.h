// DType and ReduceOp as NCCL's numbers, and back.
#ifndef REPRISE_CORE_COMM_NCCL_NCCL_TYPES_H_
#define REPRISE_CORE_COMM_NCCL_NCCL_TYPES_H_

#include "core/base/check.h"
#include "core/base/dtype.h"
#include "core/comm/collective.h"
#include "core/comm/nccl/device_api.h"

namespace reprise {

inline NcclType NcclTypeOf(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
      return kNcclUint8;
    case DType::kInt32:
      return kNcclInt32;
    case DType::kInt64:
      return kNcclInt64;
    case DType::kFloat16:
      return kNcclFloat16;
    case DType::kBFloat16:
      return kNcclBFloat16;
    case DType::kFloat32:
      return kNcclFloat32;
    case DType::kFloat64:
      return kNcclFloat64;
  }
  return kNcclUint8;
}

// A type that DType lacks is a broken invariant.
inline DType DTypeOfNccl(int type) {
  for (const DType dtype :
       {DType::kUint8, DType::kInt32, DType::kInt64, DType::kFloat16,
        DType::kBFloat16, DType::kFloat32, DType::kFloat64}) {
    if (NcclTypeOf(dtype) == type) return dtype;
  }
  REPRISE_CHECK(false) << "NCCL's type " << type;
  return DType::kUint8;
}

inline NcclOp NcclOpOf(ReduceOp op) {
  switch (op) {
    case ReduceOp::kSum:
      return kNcclSum;
    case ReduceOp::kMax:
      return kNcclMax;
    case ReduceOp::kMin:
      return kNcclMin;
  }
  return kNcclSum;
}

// An operation that ReduceOp lacks is a broken invariant.
inline ReduceOp ReduceOpOfNccl(int op) {
  for (const ReduceOp known :
       {ReduceOp::kSum, ReduceOp::kMax, ReduceOp::kMin}) {
    if (NcclOpOf(known) == op) return known;
  }
  REPRISE_CHECK(false) << "NCCL's operation " << op;
  return ReduceOp::kSum;
}

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_NCCL_NCCL_TYPES_H_
