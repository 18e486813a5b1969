// From a process in the container's namespaces to the user's program: terminal, attributes, user,
// capabilities, execve.
//
// Shared by init and exec. Everything runs in the container process itself, after the root was
// entered.
#pragma once

#include <string>
#include <vector>

#include "oci-spec/state.h"
#include "runtime/init/handshake.h"
#include "runtime/init/keyring.h"
#include "runtime/init/process_plan.h"
#include "runtime/init/terminal.h"
#include "runtime/init/user.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::init {

// Who takes the master of the terminal.
enum class TerminalTaker : std::uint8_t { none, console_socket, runtime };

// Whether HOME is added where `env` has none: runc and crun do, the spec's `env` is all there is
// (PRC-06, PRC-07).
enum class Home : std::uint8_t { from_passwd, as_given };

// What the process inherits from the runtime process, as fds and facts.
struct ProcessContext {
  const ProcessPlan& plan;
  const sys::Procfs& procfs;  // the host's
  std::string container_id;
  TerminalTaker terminal_taker = TerminalTaker::none;
  int console_socket = -1;
  int seccomp_listener = -1;  // connected; -1: no agent
  oci::State seccomp_state;   // of the container, for the agent
  pid_t host_pid = 0;         // of this process, as the runtime process sees it (NTF-07)
  std::string seccomp_metadata;
  int preserve_fds = 0;
  int listen_fds = 0;
  bool own_user_namespace = false;
  bool new_keyring = true;
  Home home = Home::from_passwd;
  bool keep_groups = false;  // the supplementary groups are the caller's, whatever the config lists
};

// argv and environment.
struct Program {
  std::string path;
  std::vector<std::string> arguments, environment;
};

// A terminal from the container's devpts, handed to its taker; for TerminalTaker::runtime the
// master stays in the value for send_ready. Nothing without process.terminal. `root_fd` is the
// container's root.
Result<std::optional<Terminal>> set_up_terminal(const ProcessContext& context, int root_fd);

// Everything from stdio to capabilities, in the order that the kernel demands; afterwards the
// process is the container's user. `root_fd` as above. Errors: of each step, with the pointer of
// the field.
Result<Program> prepare_process(const ProcessContext& context,
                                const std::optional<Terminal>& terminal, int root_fd);

// Loads the filter, hands its listener to the agent, and executes the program. Nothing is allocated
// once the filter is there. Returns only on failure.
Error execute(const ProcessContext& context, const Program& program);

// Closes every fd but 0 to 2, the preserved ones and `kept`: what the caller leaked into the
// runtime must not live on in a process that waits (contract §0.9, CVE-2024-21626), and
// close-on-exec would only act at execve.
Result<> close_stray_fds(int preserve_fds, std::vector<int> kept);

}  // namespace myrt::init
