// `metrics`: what every container uses, for a monitoring system.
#include "cgroups/usage.h"
#include "runtime/container/glance.h"
#include "runtime/inspection/exposition.h"
#include "runtime/myrt.h"

namespace myrt {
namespace {

class Reader {
 public:
  // `glance`: an error where there is no root yet.
  Reader(const Context& context, Result<container::Glance> glance)
      : root_(context.root), glance_(std::move(glance)) {}

  // nullopt: stopped, and stopped ones were not asked for.
  Result<std::optional<inspection::Reading>> read(const std::string& id, Switch all) {
    auto seen = TRY(look_at(id));
    if (seen.state.status == oci::Status::stopped && all == Switch::off) {
      return std::optional<inspection::Reading>();
    }
    inspection::Reading reading;
    reading.id = id;
    reading.bundle = seen.state.bundle;
    reading.status = oci::to_string(seen.state.status);
    reading.created_seconds = inspection::parse_timestamp(seen.created);
    reading.phases = std::move(seen.phases);
    auto usage = usage_.read(seen.cgroup);
    if (usage.ok()) {
      reading.usage = std::move(usage).value();
    } else if (usage.error().code != ErrorCode::not_found) {
      return std::move(usage).error();
    }
    return std::optional(std::move(reading));
  }

 private:
  Result<container::Glance::Seen> look_at(const std::string& id) const {
    TRY(container::validate_id(id));  // it is going to be part of a path
    if (glance_.ok()) {
      if (auto seen = glance_->at(id, container::Extent::metrics)) return *std::move(seen);
    }
    auto found = TRY(container::find(root_, id, container::Lock::none));
    return container::Glance::Seen{.state = found.oci_state(),
                                   .rootfs = {},
                                   .created = std::move(found.state.created),
                                   .cgroup = std::move(found.state.cgroup),
                                   .phases = std::move(found.state.phases)};
  }

  const std::string& root_;
  Result<container::Glance> glance_;
  cgroups::UsageReader usage_;
};

}  // namespace

Result<std::string> metrics(const Context& context, const MetricsOptions& options) {
  const bool named = !options.ids.empty();
  std::vector<inspection::Reading> readings;
  Reader reader(context, container::Glance::open(context.root));
  for (const std::string& id : named ? options.ids : TRY(list_ids(context))) {
    auto reading = reader.read(id, named ? Switch::on : options.all);
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
