#include "tests/unit/runtime/cli/library_stand_in.h"

#include <unistd.h>

namespace myrt::test {

Recorded recorded;

}  // namespace myrt::test

namespace {

using myrt::test::recorded;

myrt::Result<> record(const myrt::Context& context, std::string call) {
  recorded.calls.push_back(std::move(call));
  recorded.context = context;
  for (const std::string& warning : recorded.warnings) context.warn(warning);
  if (recorded.failure) return *recorded.failure;
  return {};
}

myrt::ContainerInfo web1() {
  myrt::ContainerInfo info;
  info.state.id = "web1";
  info.state.status = myrt::oci::Status::running;
  info.state.pid = 42;
  info.state.bundle = "/b";
  return info;
}

}  // namespace

namespace myrt {

Result<> create(const Context& context, const CreateOptions& options) {
  return record(context, "create " + options.id);
}
Result<> start(const Context& context, const std::string& id,
               const std::string& /*notify_socket*/) {
  return record(context, "start " + id);
}
Result<int> run(const Context& context, const RunOptions& options) {
  TRY(record(context, "run " + options.create.id));
  return recorded.status;
}
Result<int> exec(const Context& context, const ExecOptions& options) {
  TRY(record(context, "exec " + options.id));
  return recorded.status;
}
Result<ContainerInfo> state(const Context& context, const std::string& id) {
  TRY(record(context, "state " + id));
  return web1();
}
Result<std::vector<ContainerInfo>> list(const Context& context) {
  TRY(record(context, "list"));
  return std::vector{web1()};
}
Result<std::vector<std::string>> list_ids(const Context& context) {
  TRY(record(context, "list_ids"));
  return std::vector<std::string>{"db", "web1", "web2"};
}
Result<> kill(const Context& context, const KillOptions& options) {
  return record(context, fmt::format("kill {} {}{}", options.id, options.signal.value_or(15),
                                     options.all == Switch::on ? " all" : ""));
}
Result<> remove(const Context& context, const DeleteOptions& options) {
  return record(context, "delete " + options.id + (options.force == Switch::on ? " force" : ""));
}
Result<std::vector<pid_t>> ps(const Context& context, const std::string& id) {
  TRY(record(context, "ps " + id));
  return std::vector<pid_t>{1, ::getpid()};
}
Result<> pause(const Context& context, const std::string& id) {
  return record(context, "pause " + id);
}
Result<> resume(const Context& context, const std::string& id) {
  return record(context, "resume " + id);
}
Result<> checkpoint(const Context& context, const CheckpointOptions& options) {
  const CriuOptions& criu = options.criu;
  return record(context, fmt::format("checkpoint {} {} {}", options.id, criu.image_path,
                                     criu.binary + " " + options.parent_path));
}
Result<int> restore(const Context& context, const RestoreOptions& options) {
  TRY(record(context, fmt::format("restore {} {}", options.create.id, options.lsm_profile)));
  return recorded.status;
}
Result<> update(const Context& context, const std::string& id, const oci::Resources& resources,
                const RdtSchemas& schemas) {
  return record(context, fmt::format("update {} {}{}", id, resources.pids_limit.value_or(0),
                                     schemas.l3_cache ? " " + *schemas.l3_cache : ""));
}
Result<> add_mounts(const Context& context, const std::string& id,
                    const std::vector<oci::Mount>& mounts) {
  return record(context, fmt::format("add {} {}", id, mounts.at(0).destination));
}
Result<> remove_mounts(const Context& context, const std::string& id,
                       const std::vector<oci::Mount>& mounts) {
  return record(context, fmt::format("remove {} {}", id, mounts.at(0).destination));
}
Result<std::string> stats_event(const Context& context, const std::string& id) {
  TRY(record(context, "stats " + id));
  return std::string("{\"type\":\"stats\"}");
}
Result<> events(const Context& context, const std::string& id, std::chrono::milliseconds interval,
                const std::function<void(std::string_view)>& emit) {
  emit("{\"n\":1}");
  emit("{\"n\":2}");
  return record(context, fmt::format("events {} {}", id, interval.count()));
}
Result<Validation> validate(const Context& context, const ValidateOptions& options) {
  TRY(record(context, fmt::format("validate {}{}", options.path,
                                  options.host == Switch::off ? " spec-only" : "")));
  return Validation{"/b/config.json", {}};
}
Result<Effective> effective(const Context& context, const std::string& id) {
  TRY(record(context, "effective " + id));
  return Effective{web1().state, {}};
}
Result<std::string> metrics(const Context& context, const MetricsOptions& options) {
  TRY(record(context, fmt::format("metrics {}{}{}", fmt::join(options.ids, ","),
                                  options.all == Switch::on ? " all" : "",
                                  options.format == MetricsFormat::openmetrics ? " open" : "")));
  return std::string("m");
}
Result<std::vector<Diagnosis>> doctor(const Context& context, const DoctorOptions& /*options*/) {
  TRY(record(context, "doctor"));
  return std::vector<Diagnosis>();
}
Result<std::vector<Reclaimed>> gc(const Context& context, const GcOptions& options) {
  TRY(record(context, fmt::format("gc{}{}", options.dry_run == Switch::on ? " dry-run" : "",
                                  options.stopped == Switch::on ? " stopped" : "")));
  std::optional<Error> error;
  if (recorded.status != 0) error = make_error(ErrorCode::system, "still in use");
  return std::vector{Reclaimed{"web1", "it has stopped", {{"cgroup", "/c"}}, std::move(error)}};
}
std::string to_json(const std::vector<Reclaimed>& /*reclaimed*/) { return "[]"; }
std::string to_json(const Validation& /*validation*/) { return "{}"; }
std::string to_json(const Effective& /*effective*/) { return "{}"; }
std::string to_json(const std::vector<Diagnosis>& /*diagnoses*/) { return "[]"; }
Version version() { return {"0.1.0", "abc", "1.3.0", "2.5.4"}; }
std::string features() { return "{\n}"; }
std::string default_spec(Switch rootless, uid_t uid, gid_t gid) {
  return fmt::format("{} {} {}", rootless == Switch::on ? "rootless" : "root", uid, gid);
}

}  // namespace myrt
