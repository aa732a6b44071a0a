#include "core/comm/transport.h"

#include "core/base/check.h"

namespace reprise {

int64_t SizeInBytes(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
      return 1;
    case DType::kFloat16:
    case DType::kBFloat16:
      return 2;
    case DType::kInt32:
    case DType::kFloat32:
      return 4;
    case DType::kInt64:
    case DType::kFloat64:
      return 8;
  }
  REPRISE_CHECK(false) << "dtype " << static_cast<int>(dtype);
  return 0;
}

const char* KindName(Collective::Kind kind) {
  switch (kind) {
    case Collective::Kind::kAllReduce:
      return "AllReduce";
    case Collective::Kind::kBroadcast:
      return "Broadcast";
    case Collective::Kind::kAllGather:
      return "AllGather";
    case Collective::Kind::kAllToAllv:
      return "AllToAllv";
    case Collective::Kind::kBarrier:
      return "Barrier";
  }
  return "?";
}

}  // namespace reprise
