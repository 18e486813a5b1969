// `metrics`: what every container uses, for a monitoring system.
#include "cgroups/usage.h"
#include "runtime/container/glance.h"
#include "runtime/inspection/exposition.h"
#include "runtime/myrt.h"
#include "sys/share_out.h"

namespace myrt {
namespace {

// nullopt: stopped, and stopped ones were not asked for.
using Outcome = Result<std::optional<inspection::Reading>>;

// Used by one thread.
class Reader {
 public:
  explicit Reader(const std::string& root)
      : root_(root), glance_(container::Glance::open(root)) {}  // an error where there is none yet

  Outcome read(const std::string& id, Switch all) {
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

// In the order of `ids`, whichever thread read them. Nearly all of the time is the kernel's, for
// about twenty files of each container.
std::vector<Outcome> read_all(const std::string& root, const std::vector<std::string>& ids,
                              Switch all) {
  constexpr std::size_t kWorthAThread = 50;
  std::vector<Outcome> outcomes(ids.size(), Outcome(std::nullopt));
  sys::share_out(ids.size(), kWorthAThread, [&](sys::Items& items) {
    Reader reader(root);
    while (const auto item = items.take()) outcomes[*item] = reader.read(ids[*item], all);
  });
  return outcomes;
}

}  // namespace

Result<std::string> metrics(const Context& context, const MetricsOptions& options) {
  const bool named = !options.ids.empty();
  const std::vector<std::string> ids = named ? options.ids : TRY(list_ids(context));
  std::vector<Outcome> outcomes = read_all(context.root, ids, named ? Switch::on : options.all);
  std::vector<inspection::Reading> readings;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Outcome& reading = outcomes[i];
    if (reading.ok()) {
      if (*reading) readings.push_back(std::move(**reading));
      continue;
    }
    if (named) return std::move(reading).context(fmt::format("metrics `{}`", ids[i])).error();
    if (reading.error().code == ErrorCode::not_found) continue;  // deleted meanwhile
    context.warn(fmt::format("container `{}`: {}", ids[i], reading.error().message));
  }
  return inspection::exposition(readings, version(), options.format);
}

}  // namespace myrt
