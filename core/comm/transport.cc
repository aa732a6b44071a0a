#include "core/comm/transport.h"

namespace reprise {

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
