// `events`: statistics at an interval, and OOM kills as they happen, until the container's cgroup
// is gone.
#include <poll.h>

#include "cgroups/oom_events.h"
#include "cgroups/stats.h"
#include "runtime/container/rdt.h"
#include "runtime/container/stats_json.h"
#include "runtime/container/status.h"
#include "runtime/myrt.h"

namespace myrt {
namespace {

using Clock = std::chrono::steady_clock;
using Emit = std::function<void(std::string_view)>;

int milliseconds_until(Clock::time_point due) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()).count();
  return left <= 0 ? 0 : static_cast<int>(left);
}

// Waits for an OOM kill, the end of init or the next statistics, whichever comes first. False: the
// container has ended.
Result<bool> wait_for_event(const container::Container& found, cgroups::OomEvents* oom,
                            Clock::time_point due, const Emit& emit) {
  pollfd fds[2] = {
      {found.init_pidfd.get(), POLLIN, 0},
      {oom == nullptr ? -1 : oom->fd(), oom == nullptr ? short{0} : oom->poll_events(), 0}};
  const int ready = ::poll(fds, 2, milliseconds_until(due));
  if (ready < 0 && errno != EINTR) return errno_error("poll", "wait for events");
  if (ready <= 0) return true;
  if (fds[1].revents != 0) {
    const auto change = TRY(oom->take());
    if (change == cgroups::OomEvents::Change::oom) {
      emit(container::oom_event_json(found.state.id));
    }
    if (change == cgroups::OomEvents::Change::cgroup_gone) return false;
  }
  return fds[0].revents == 0;
}

// Statistics, or false when the cgroup has gone.
Result<bool> emit_stats(const container::Container& found, const Emit& emit) {
  const auto stats = cgroups::read_stats(found.state.cgroup);
  if (!stats.ok()) {
    if (stats.error().code == ErrorCode::not_found) return false;
    return stats.error();
  }
  const auto rdt = TRY(container::read_rdt_stats(found.state));
  emit(container::stats_event_json(found.state.id, stats.value(), rdt));
  return true;
}

Result<container::Container> find_live(const Context& context, const std::string& id) {
  auto found = TRY(container::find(context.root, id, container::Lock::none));
  if (found.status == oci::Status::stopped) {
    return make_error(ErrorCode::wrong_status,
                      fmt::format("container with id {} is not running", id));
  }
  return found;
}

}  // namespace

Result<std::string> stats_event(const Context& context, const std::string& id) {
  const auto found = TRY(find_live(context, id));
  const auto stats = TRY(cgroups::read_stats(found.state.cgroup).in_phase(Phase::cgroup));
  return container::stats_event_json(id, stats, TRY(container::read_rdt_stats(found.state)));
}

Result<> events(const Context& context, const std::string& id, std::chrono::milliseconds interval,
                const Emit& emit) {
  const auto found = TRY(find_live(context, id));
  auto opened = cgroups::OomEvents::open(found.state.cgroup);
  std::optional<cgroups::OomEvents> oom;
  if (opened.ok()) {
    oom.emplace(TRY(std::move(opened)));
  } else if (opened.error().code == ErrorCode::unsupported) {
    context.warn(opened.error().message);  // statistics only
  } else {
    return std::move(opened).error();
  }
  Clock::time_point due = Clock::now();
  while (true) {
    if (Clock::now() >= due) {
      if (!TRY(emit_stats(found, emit))) return {};
      due = Clock::now() + interval;
    }
    if (!TRY(wait_for_event(found, oom ? &*oom : nullptr, due, emit))) return {};
  }
}

}  // namespace myrt
