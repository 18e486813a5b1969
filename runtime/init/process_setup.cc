#include "runtime/init/process_setup.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <iterator>
#include <unordered_set>

#include "capabilities/apply.h"
#include "runtime/init/executable.h"
#include "runtime/init/lsm_labels.h"
#include "seccomp/load.h"
#include "seccomp/notify.h"
#include "sys/credentials.h"
#include "sys/files.h"
#include "sys/paths.h"
#include "sys/weakness.h"

namespace myrt::init {
namespace {

// The raw syscall, since glibc hides what it says of a directory outside the root: "(unreachable)"
// (CVE-2024-21626).
Result<> check_inside_root(const std::string& cwd) {
  if (sys::weakened("without-cwd-check")) return {};
  char path[PATH_MAX];
  const long size = ::syscall(SYS_getcwd, path, sizeof path);
  if (size > 0 && path[0] == '/') return {};
  return config_error("/process/cwd", fmt::format("`{}` is outside of the container's root", cwd));
}

// Not by chdir(2): a cwd may not lead through a magic link such as /proc/self/fd/7
// (CVE-2024-21626), and what lies at a path is looked up in the root only.
Result<> enter_directory(int root_fd, const std::string& cwd) {
  if (sys::weakened("without-cwd-check") && ::chdir(cwd.c_str()) == 0) return {};
  const sys::UniqueFd directory = TRY(sys::open_in_root(root_fd, cwd, O_PATH | O_DIRECTORY));
  if (::fchdir(directory.get()) == 0) return {};
  return errno_error("fchdir", fmt::format("chdir to `{}`", cwd));
}

Result<> as_cwd(Result<> result) { return std::move(result).context("cwd").at("/process/cwd"); }

// As the runtime's root user, who may make it (PRC-05) and enter it; a user without that right
// finds itself in it all the same, as with runc. False: root itself may not, as on some network
// filesystems, and the user gets the next try.
Result<bool> enter_cwd_early(int root_fd, const std::string& cwd) {
  if (cwd == "/") return true;  // where whoever enters the root stands
  auto entered = enter_directory(root_fd, cwd);
  if (!entered.ok() && entered.error().errno_value == ENOENT) {
    ignore(sys::make_directories_in_root(root_fd, cwd, 0755), "entering it fails, and says why");
    entered = enter_directory(root_fd, cwd);
  }
  if (entered.ok()) return true;
  const int error = entered.error().errno_value;
  if (error == EACCES || error == EPERM) return false;
  TRY(as_cwd(std::move(entered)));
  return true;
}

constexpr std::string_view kHome = "HOME=";

// As runc: an empty HOME counts as none. Of two values the last one holds.
bool has_home(const std::vector<std::string>& environment) {
  const auto last = std::find_if(environment.rbegin(), environment.rend(),
                                 [](const std::string& text) { return text.starts_with(kHome); });
  return last != environment.rend() && last->size() > kHome.size();
}

// Each name once, with its last value: what getenv(3) returns of two is anybody's guess.
void drop_overridden(std::vector<std::string>& environment) {
  std::unordered_set<std::string_view> seen;
  std::vector<std::string> kept;
  kept.reserve(environment.size());
  for (auto variable = environment.rbegin(); variable != environment.rend(); ++variable) {
    const std::string_view text = *variable;
    if (seen.insert(text.substr(0, text.find('='))).second) kept.push_back(*variable);
  }
  environment.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
}

Result<std::vector<std::string>> make_environment(const ProcessContext& context, int root_fd) {
  std::vector<std::string> environment = context.plan.process.env;
  if (context.home == Home::from_passwd && !has_home(environment)) {
    const std::string home = TRY(home_directory(root_fd, context.plan.process.user.uid));
    environment.push_back("HOME=" + home);
  }
  if (context.listen_fds > 0) {
    environment.push_back(fmt::format("LISTEN_FDS={}", context.listen_fds));
    environment.emplace_back("LISTEN_PID=1");
  }
  drop_overridden(environment);
  return environment;
}

Result<> apply_attributes(const ProcessAttributes& attributes) {
  TRY(apply_scheduler(attributes));  // real-time classes need CAP_SYS_NICE, which may go
  TRY(apply_io_priority(attributes));
  TRY(apply_personality(attributes));
  TRY(apply_memory_policy(attributes));
  TRY(apply_rlimits(attributes));  // last of these: a low RLIMIT_NOFILE binds us as well
  set_umask(attributes);
  return {};
}

// Only asked where it may be denied: in a user namespace of the container's own, or in the one that
// a rootless engine has put us into, where the groups that we have cannot be set again.
Result<Setgroups> may_set_groups(const ProcessContext& context) {
  if (context.keep_groups) return Setgroups::keep;
  if (!context.own_user_namespace && sys::set_groups({}).ok()) return Setgroups::cleared;
  const sys::UniqueFd fd = TRY(context.procfs.open_at("self/setgroups", O_RDONLY));
  const std::string text = TRY(sys::read_kernel_file(fd.get(), "/proc/self/setgroups"));
  return text.starts_with("deny") ? Setgroups::denied : Setgroups::allowed;
}

// Bounding first, since it takes CAP_SETPCAP (CAP-05); the rest after the user switch, which would
// clear it.
Result<> become_user(const ProcessContext& context, Setgroups setgroups) {
  const oci::Process& process = context.plan.process;
  TRY(capabilities::drop_bounding(context.plan.capabilities, capabilities::kAllCapabilities));
  if (process.user.uid != 0) TRY(sys::set_keep_capabilities(true));
  TRY(set_user(process.user, setgroups));
  return capabilities::apply(context.plan.capabilities, context.plan.extra_until_exec);
}

std::vector<char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<std::optional<Terminal>> set_up_terminal(const ProcessContext& context, int root_fd) {
  if (!context.plan.process.terminal) return std::optional<Terminal>();
  Terminal terminal = TRY(open_terminal(root_fd, context.plan.process.console_size));
  if (context.terminal_taker == TerminalTaker::console_socket) {
    TRY(send_terminal(context.console_socket, terminal));
    terminal.master.reset();
  } else {
    TRY(keep_newlines(terminal));
  }
  return std::optional<Terminal>(std::move(terminal));
}

Result<Program> prepare_process(const ProcessContext& context,
                                const std::optional<Terminal>& terminal, int root_fd) {
  const oci::Process& process = context.plan.process;
  TRY(set_selinux_keycreate_label(context.procfs, process.selinux_label));
  if (context.new_keyring) {
    const auto search = context.own_user_namespace ? KeyringSearch::others : KeyringSearch::owner;
    TRY(join_session_keyring(context.container_id, search));
  }
  if (terminal) TRY(attach_terminal(*terminal, process.user.uid));
  TRY(chown_stdio(process.user.uid));
  Program program;
  program.arguments = process.args;
  program.environment = TRY(make_environment(context, root_fd));
  const Setgroups setgroups = TRY(may_set_groups(context));
  const bool entered = TRY(enter_cwd_early(root_fd, process.cwd));
  TRY(set_apparmor_exec_profile(context.procfs, process.apparmor_profile));
  TRY(set_selinux_exec_label(context.procfs, process.selinux_label));
  TRY(apply_attributes(context.plan.attributes));
  if (process.no_new_privileges) TRY(sys::set_no_new_privileges());
  TRY(become_user(context, setgroups));
  if (!entered) TRY(as_cwd(enter_directory(root_fd, process.cwd)));
  TRY(check_inside_root(process.cwd));
  program.path = TRY(find_executable(process.args.front(), process.env));
  return program;
}

Error execute(const ProcessContext& context, const Program& program) {
  const std::vector<char*> argv = c_strings(program.arguments);
  const std::vector<char*> envp = c_strings(program.environment);
  std::string agent_message;
  if (context.plan.filter && context.plan.filter->notifies) {
    agent_message = oci::container_process_state_json(context.seccomp_state, context.host_pid,
                                                      context.seccomp_metadata);
  }
  if (context.plan.filter) {
    auto listener = seccomp::load(*context.plan.filter);
    if (!listener.ok()) return std::move(listener).in_phase(Phase::seccomp).error();
    if (listener.value()) {
      auto sent =
          seccomp::send_listener(context.seccomp_listener, listener.value()->get(), agent_message);
      if (!sent.ok()) return std::move(sent).in_phase(Phase::seccomp).error();
    }
  }
  ::execve(program.path.c_str(), argv.data(), envp.data());
  return diagnose_exec_failure(program.path, errno);
}

Result<> close_stray_fds(int preserve_fds, std::vector<int> kept) {
  if (sys::weakened("without-close-range")) return {};
  std::sort(kept.begin(), kept.end());
  unsigned next = 3U + static_cast<unsigned>(preserve_fds);
  const auto close_up_to = [&next](unsigned last) -> Result<> {
    if (::close_range(next, last, 0) == 0) return {};
    return errno_error("close_range", "close what the program must not inherit");
  };
  for (const int fd : kept) {
    if (fd < 0 || static_cast<unsigned>(fd) < next) continue;
    if (static_cast<unsigned>(fd) > next) TRY(close_up_to(static_cast<unsigned>(fd) - 1));
    next = static_cast<unsigned>(fd) + 1;
  }
  return close_up_to(~0U);
}

}  // namespace myrt::init
