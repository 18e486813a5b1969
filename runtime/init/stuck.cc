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

std::optional<int> killed_by(const Error& error, sys::ChildProcess& process) {
  if (error.code != ErrorCode::protocol) return std::nullopt;
  const auto exited = sys::wait_for_exit(process.pidfd(), std::chrono::seconds(1));
  if (!exited.ok() || !exited.value()) return std::nullopt;
  const auto status = process.wait();
  return status.ok() && status->signaled ? std::optional(status->code) : std::nullopt;
}

Error explain(std::string_view name, Error error, std::optional<int> signal, pid_t pid,
              const cgroups::Location& cgroup) {
  if (signal) {
    error.message = fmt::format("{} was killed by {}", name, sys::signal_name(*signal));
  }
  return explain_timeout(std::move(error), pid, cgroup);
}

Error explain_timeout(Error error, pid_t pid, const cgroups::Location& cgroup) {
  if (error.code == ErrorCode::timeout) error.message += what_it_does(pid, cgroup);
  return error;
}

}  // namespace myrt::init
