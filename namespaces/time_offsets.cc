#include "namespaces/time_offsets.h"

#include <fcntl.h>
#include <sched.h>

#include <iterator>

#include "namespaces/open_namespace.h"

namespace myrt::namespaces {

std::string time_offsets_text(const std::map<std::string, oci::TimeOffset>& offsets) {
  std::string text;
  for (const auto& [clock, offset] : offsets) {
    fmt::format_to(std::back_inserter(text), "{} {} {}\n", clock, offset.secs, offset.nanosecs);
  }
  return text;
}

Result<> enter_new_time_namespace(const sys::Procfs& procfs, const Plan& plan) {
  if (::unshare(CLONE_NEWTIME) != 0) {
    const int error = errno;
    return errno_error("unshare", "make a time namespace", error);
  }
  if (!plan.time_offsets.empty()) {
    TRY(procfs.write("self/timens_offsets", time_offsets_text(plan.time_offsets))
            .at("/linux/timeOffsets"));
  }
  // unshare(2) moves children only, but the container's program is this process.
  const sys::UniqueFd time_namespace =
      TRY(open_namespace_link(procfs, "self", "time_for_children", CLONE_NEWTIME));
  if (::setns(time_namespace.get(), CLONE_NEWTIME) != 0) {
    const int error = errno;
    return errno_error("setns", "enter the new time namespace", error);
  }
  return {};
}

}  // namespace myrt::namespaces
