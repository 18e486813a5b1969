// `metrics`: what every container uses, for a monitoring system.
#include "cgroups/usage.h"
#include "runtime/container/status.h"
#include "runtime/inspection/exposition.h"
#include "runtime/myrt.h"

namespace myrt {
namespace {

// nullopt: stopped, and stopped ones were not asked for.
Result<std::optional<inspection::Reading>> read_container(const Context& context,
                                                          const std::string& id, Switch all) {
  const auto found = TRY(container::find(context.root, id, container::Lock::none));
  const bool stopped = found.status == oci::Status::stopped;
  if (stopped && all == Switch::off) return std::optional<inspection::Reading>();
  inspection::Reading reading;
  reading.id = id;
  reading.bundle = found.state.bundle;
  reading.status = oci::to_string(found.status);
  reading.created_seconds = inspection::parse_timestamp(found.state.created);
  auto usage = cgroups::read_usage(found.state.cgroup);
  if (usage.ok()) {
    reading.usage = std::move(usage).value();
  } else if (usage.error().code != ErrorCode::not_found) {
    return std::move(usage).error();
  }
  return std::optional(std::move(reading));
}

}  // namespace

Result<std::string> metrics(const Context& context, const MetricsOptions& options) {
  const bool named = !options.ids.empty();
  std::vector<inspection::Reading> readings;
  for (const std::string& id : named ? options.ids : TRY(list_ids(context))) {
    auto reading = read_container(context, id, named ? Switch::on : options.all);
    if (reading.ok()) {
      if (*reading) readings.push_back(std::move(**reading));
      continue;
    }
    if (named) return std::move(reading).context(fmt::format("metrics `{}`", id)).error();
    if (reading.error().code == ErrorCode::not_found) continue;  // deleted meanwhile
    context.warn(fmt::format("container `{}`: {}", id, reading.error().message));
  }
  return inspection::exposition(readings, version(), options.format);
}

}  // namespace myrt
