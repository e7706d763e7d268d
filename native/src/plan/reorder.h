// Copies of tensors between layouts.
#ifndef CONV4J_PLAN_REORDER_H_
#define CONV4J_PLAN_REORDER_H_

#include "onednn/reorder.h"

namespace conv4j {

using Reorder = onednn::Reorder;
using onednn::size_bytes;

// One copy; `from` and `to` hold size_bytes of their layouts.
void reorder(const Dims& dims, const float* from, const Layout& from_layout, float* to, const Layout& to_layout,
             int threads);

}  // namespace conv4j

#endif  // CONV4J_PLAN_REORDER_H_
