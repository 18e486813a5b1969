#include "runtime/init/stuck.h"

#include "cgroups/existing.h"
#include "sys/activity.h"

namespace myrt::init {

std::string what_it_does(pid_t pid, const cgroups::Location& cgroup) {
  std::string text = sys::activity_of(pid);
  if (const auto frozen = cgroups::is_frozen(cgroup); frozen.ok()) {
    text += *frozen ? "; its cgroup is frozen" : "; its cgroup is not frozen";
  }
  return fmt::format(" ({})", text);
}

Error explain_timeout(Error error, pid_t pid, const cgroups::Location& cgroup) {
  if (error.code == ErrorCode::timeout) error.message += what_it_does(pid, cgroup);
  return error;
}

}  // namespace myrt::init
