// `gc`: what runtime processes that were killed have left behind, replayed from what they wrote
// down before they acquired it (runtime/container/state_store.h).
#include "runtime/container/remove.h"
#include "runtime/container/status.h"
#include "runtime/myrt.h"

namespace myrt {
namespace {

constexpr const char* kPlannedOnly = "its creation was cut short before anything was its own";
constexpr const char* kCutShort = "its creation was cut short";
constexpr const char* kNeverStarted = "its init died before it was started";
constexpr const char* kStopped = "it has stopped";

// Why the container may go; nullptr: it may not.
const char* reason(const container::Container& found, Switch stopped) {
  if (found.init_pidfd.valid()) return nullptr;
  if (!found.state.claimed) return kPlannedOnly;
  if (found.state.pid == 0) return kCutShort;
  if (container::was_never_started(found)) return kNeverStarted;
  return stopped == Switch::on ? kStopped : nullptr;
}

Result<std::optional<Reclaimed>> reclaim(const Context& context, const GcOptions& options,
                                         const std::string& id) {
  // Who makes, starts or deletes a container holds its lock.
  auto found = TRY(container::find_unattended(context.root, id));
  if (!found) return std::optional<Reclaimed>();
  const char* why = reason(*found, options.stopped);
  if (why == nullptr) return std::optional<Reclaimed>();
  Reclaimed reclaimed{
      .id = id, .reason = why, .held = container::leftovers(*found), .error = std::nullopt};
  if (options.dry_run == Switch::on) return std::optional(std::move(reclaimed));
  const auto poststop = container::load_poststop_hooks(*found);
  if (!poststop.ok()) context.warn(fmt::format("container `{}`: {}", id, poststop.error().message));
  auto removed =
      container::destroy(context, *found, poststop.ok() ? *poststop : std::vector<oci::Hook>())
          .in_phase(Phase::remove);
  if (!removed.ok()) reclaimed.error = std::move(removed).error();
  return std::optional(std::move(reclaimed));
}

}  // namespace

Result<std::vector<Reclaimed>> gc(const Context& context, const GcOptions& options) {
  std::vector<Reclaimed> all;
  for (const std::string& id : TRY(list_ids(context))) {
    auto reclaimed = reclaim(context, options, id).in_phase(Phase::state);
    if (!reclaimed.ok()) {
      all.push_back({.id = id,
                     .reason = "it cannot be read",
                     .held = {},
                     .error = std::move(reclaimed).error()});
    } else if (*reclaimed) {
      all.push_back(std::move(**reclaimed));
    }
  }
  return all;
}

}  // namespace myrt
