#include "runtime/container/exec_process.h"

#include <sched.h>

#include <charconv>
#include <limits>

#include "oci-spec/parse.h"
#include "runtime/container/blueprint.h"
#include "runtime/plan/annotations.h"
#include "sys/weakness.h"

namespace myrt::container {
namespace {

constexpr std::uint64_t kUserNamespace = CLONE_NEWUSER;

// setresuid(2) takes -1 for "leave as it is", and that is root.
constexpr std::uint32_t kNoId = std::numeric_limits<std::uint32_t>::max();

// A whole decimal uint32: no sign, no blanks, nothing behind it. "1" is user 1 and never root.
std::optional<std::uint32_t> parse_id(std::string_view text) {
  std::uint32_t id = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
  if (sys::weakened("without-whole-ids")) return id;
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  if (id == kNoId) return std::nullopt;
  return id;
}

}  // namespace

Result<oci::Spec> load_container_spec(const Container& container) {
  auto parsed = oci::parse_spec(TRY(container.directory.load_config()));
  if (!parsed.problems.empty()) return oci::to_error(parsed.problems);
  return std::move(parsed.value);
}

Result<oci::User> parse_user(std::string_view text, const oci::User& base) {
  oci::User user = base;
  const std::size_t colon = text.find(':');
  const auto uid = parse_id(text.substr(0, colon));
  const auto gid = colon == std::string_view::npos ? std::optional<std::uint32_t>(base.gid)
                                                   : parse_id(text.substr(colon + 1));
  if (!uid || !gid) {
    return make_error(ErrorCode::invalid_argument,
                      fmt::format("user `{}`: expected UID[:GID] in decimal digits", text));
  }
  user.uid = *uid;
  user.gid = *gid;
  return user;
}

Result<oci::Process> exec_process(const ExecOptions& options, const oci::Spec& spec) {
  oci::Process process;
  if (options.process) {
    process = *options.process;
  } else if (spec.process) {
    process = *spec.process;
    process.args = options.args;
    process.terminal = false;  // as runc: a terminal has to be asked for
    process.console_size.reset();
  } else {
    return config_error("/process", "the container's config has none: give one by --process");
  }
  if (!options.cwd.empty()) process.cwd = options.cwd;
  if (!process.cwd.starts_with('/')) {
    return make_error(ErrorCode::invalid_argument,
                      fmt::format("cwd `{}`: expected an absolute path", process.cwd));
  }
  process.env.insert(process.env.end(), options.env.begin(), options.env.end());
  if (options.terminal) process.terminal = *options.terminal == Switch::on;
  if (!options.user.empty()) process.user = TRY(parse_user(options.user, process.user));
  process.user.additional_gids.insert(process.user.additional_gids.end(),
                                      options.additional_gids.begin(),
                                      options.additional_gids.end());
  if (options.no_new_privileges)
    process.no_new_privileges = *options.no_new_privileges == Switch::on;
  if (!options.apparmor_profile.empty()) process.apparmor_profile = options.apparmor_profile;
  if (!options.selinux_label.empty()) process.selinux_label = options.selinux_label;
  if (process.args.empty()) {
    return make_error(ErrorCode::invalid_argument, "exec: a command is required");
  }
  return process;
}

Result<init::ProcessPlan> plan_exec(const Context& context, const ExecOptions& options,
                                    const oci::Spec& spec, const ContainerState& state) {
  const oci::Process process = TRY(exec_process(options, spec));
  TRY(check_labels(process, "/process"));
  const auto wanted = capabilities::requested(process.capabilities, options.capabilities);
  const auto available =
      TRY(available_capabilities((state.namespaces & kUserNamespace) != 0, wanted));
  auto capabilities =
      TRY(capabilities::exec_plan(process.capabilities, options.capabilities, available));
  report_capabilities(context, capabilities);
  // The limits, scheduling and filter of `linux` that are per process go for exec'd ones as well.
  return init::plan_process(process, spec.linux, std::move(capabilities));
}

std::string listener_path(const oci::Spec& spec, const init::ProcessPlan& plan) {
  const bool notifies = plan.filter && plan.filter->notifies;
  return notifies ? spec.linux->seccomp->listener_path : std::string();
}

init::ProcessContext exec_context(const ExecOptions& options, const oci::Spec& spec,
                                  const Container& container, const init::ProcessPlan& plan,
                                  const sys::Procfs& procfs, const CallerSockets& sockets) {
  return {
      .plan = plan,
      .procfs = procfs,
      .container_id = options.id,
      .terminal_taker = sockets.terminal_taker,
      .console_socket = sockets.console.get(),
      .seccomp_listener = sockets.seccomp_listener.get(),
      .seccomp_state = oci_state(container.state, oci::Status::running, container.state.pid),
      .seccomp_metadata = spec.linux && spec.linux->seccomp ? spec.linux->seccomp->listener_metadata
                                                            : std::string(),
      .preserve_fds = options.io.preserve_fds,
      .listen_fds = options.io.listen_fds,
      .own_user_namespace = (container.state.namespaces & kUserNamespace) != 0,
      .new_keyring = container.state.new_keyring,
      .keep_groups = container.state.annotations.contains(std::string(plan::kKeepOriginalGroups))};
}

}  // namespace myrt::container
