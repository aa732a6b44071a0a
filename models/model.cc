#include "models/model.h"

namespace reprise {

std::unique_ptr<Model> Model::Clone() const {
  std::unique_ptr<Model> clone = MakeAnother();
  clone->parameters().CopyFrom(parameters());
  clone->running_statistics().CopyFrom(running_statistics());
  return clone;
}

}  // namespace reprise
