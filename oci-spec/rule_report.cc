#include "oci-spec/rule_report.h"

#include <algorithm>

namespace myrt::oci {
namespace {

// Whether one of the two pointers is the other or lies below it.
bool are_on_one_path(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  return b.starts_with(a) && (a.size() == b.size() || b[a.size()] == '/');
}

}  // namespace

bool RuleReport::is_tainted(std::string_view pointer) const {
  return std::any_of(known_.begin(), known_.end(), [pointer](const Problem& problem) {
    return are_on_one_path(problem.pointer, pointer);
  });
}

void RuleReport::broken(std::string pointer, std::string message,
                        std::initializer_list<std::string_view> depends_on) {
  if (is_tainted(pointer)) return;
  for (const std::string_view dependency : depends_on) {
    if (is_tainted(dependency)) return;
  }
  broken_.push_back({std::move(pointer), std::move(message)});
}

}  // namespace myrt::oci
