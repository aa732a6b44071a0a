#include "core/comm/collective.h"

#include "absl/strings/str_cat.h"

namespace reprise {
namespace {

const char* NameOf(ReduceOp op) {
  switch (op) {
    case ReduceOp::kSum:
      return "sum";
    case ReduceOp::kMax:
      return "max";
    case ReduceOp::kMin:
      return "min";
  }
  return "?";
}

}  // namespace

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

std::string Signature(const Collective& collective) {
  std::string text = KindName(collective.kind);
  switch (collective.kind) {
    case Collective::Kind::kAllReduce:
      absl::StrAppend(&text, " of ", collective.count, " ",
                      DTypeName(collective.dtype), " (", NameOf(collective.op),
                      ")");
      break;
    case Collective::Kind::kBroadcast:
      absl::StrAppend(&text, " of ", collective.count, " bytes from rank ",
                      collective.root);
      break;
    case Collective::Kind::kAllGather:
      absl::StrAppend(&text, " of ", collective.count, " bytes");
      break;
    case Collective::Kind::kAllToAllv:
    case Collective::Kind::kBarrier:
      break;
  }
  return text;
}

}  // namespace reprise
