#include "runtime/cli/error_texts.h"

#include <array>

namespace myrt::cli {
namespace {

constexpr auto kCodes = std::to_array<CodeText>({
    {ErrorCode::system, "A system call failed; the message ends in the kernel's words.",
     "The message names the call's operands, `syscall` and `errno` the call; `myrt doctor` tries "
     "out what containers need of this host."},
    {ErrorCode::invalid_config,
     "The configuration breaks the specification. The message begins with the JSON pointer of the "
     "field.",
     "`myrt validate` lists everything that is wrong with it, with line and column."},
    {ErrorCode::invalid_argument,
     "The command line has something unusable: an id, an option, a path.",
     "`myrt help COMMAND` shows what it takes."},
    {ErrorCode::not_found, "There is no such container in the state directory.",
     "`myrt list` shows those of this state directory; see `--root` for others."},
    {ErrorCode::already_exists, "The id is in use, maybe by a stopped container.",
     "`myrt list` shows by what; `myrt delete` removes a stopped container, `myrt gc` what a "
     "runtime that was killed has left."},
    {ErrorCode::wrong_status, "The container's status does not allow the operation.",
     "`myrt state` prints the status."},
    {ErrorCode::unsupported, "Valid, but this build or this host cannot do it.",
     "`myrt features` prints what this build can do, `myrt doctor` what this host can."},
    {ErrorCode::executable_not_found,
     "`process.args[0]`, or the interpreter that it names, does not exist in the container.",
     "Look for it in the root filesystem; `process.env` has the PATH that is searched. `myrt "
     "validate` does so beforehand."},
    {ErrorCode::executable_not_permitted,
     "`process.args[0]` cannot be executed: no permission for the container's user, another "
     "architecture, or no format that the kernel knows.",
     "`ls -l` and `file` on it in the root filesystem; a mount with `noexec` forbids it as well."},
    {ErrorCode::hook_failed,
     "A hook ended with a status other than 0, was killed, or took too long.",
     "The message has the end of what the hook said; run it by hand with the state on its "
     "standard input."},
    {ErrorCode::timeout, "A wait with a bound ran out.",
     "The message says what was waited for, and what the process that was to answer is doing."},
    {ErrorCode::protocol, "The container's init died, or did not answer as it has to.",
     "Look for who killed it: the kernel's log, a memory limit, an administrator."},
    {ErrorCode::out_of_memory,
     "The OOM killer took the container's init before it could start: the memory limit is too "
     "small.",
     "Raise `linux.resources.memory.limit`."},
    {ErrorCode::internal, "A bug of myrt, or a damaged state directory.",
     "Please report it, with the command and the configuration."},
});
static_assert(kCodes.size() == static_cast<std::size_t>(kLastErrorCode) + 1);

constexpr auto kPhases = std::to_array<PhaseText>({
    {Phase::none, "Before there is anything to be done."},
    {Phase::arguments, "The command line."},
    {Phase::parse, "Reading the configuration: JSON and types."},
    {Phase::validate, "The rules of the specification."},
    {Phase::plan, "Deciding what has to be done, with a few facts of the host."},
    {Phase::state, "The state directory, and the container's status."},
    {Phase::cgroup, "The container's cgroup and its limits."},
    {Phase::mount_sources, "Opening what is to be mounted, on the host."},
    {Phase::spawn, "Making the container's init or process and its namespaces."},
    {Phase::id_mappings, "The user namespace's id maps."},
    {Phase::namespaces, "Joining and setting up namespaces: hostname, devices, sysctls."},
    {Phase::mounts, "The container's mounts."},
    {Phase::hooks, "A hook of the configuration."},
    {Phase::root, "Changing to the container's root."},
    {Phase::terminal, "The pseudoterminal, and the sockets of the caller."},
    {Phase::process, "User, limits, scheduling and working directory of the process."},
    {Phase::security, "Capabilities and labels."},
    {Phase::seccomp, "The system call filter."},
    {Phase::handshake, "The talk between runtime and init."},
    {Phase::start, "`myrt start`, up to execve(2)."},
    {Phase::exec, "`myrt exec`."},
    {Phase::signal, "Sending a signal."},
    {Phase::remove, "Removing what a container holds."},
    {Phase::output, "What the caller gets: the pid file, a pidfd, what is printed."},
});
static_assert(kPhases.size() == static_cast<std::size_t>(kLastPhase) + 1);

constexpr auto kHints = std::to_array<Hint>({
    {ErrorCode::system, Phase::none, ENOSPC, "clone",
     "A limit on namespaces: `sysctl user` shows them, e.g. user.max_user_namespaces."},
    {ErrorCode::system, Phase::state, ENOSPC, "",
     "The filesystem of the state directory is full: make room, or name another with `--root`."},
    {ErrorCode::system, Phase::state, EROFS, "",
     "The state directory is on a read-only filesystem: name another with `--root`."},
    {ErrorCode::system, Phase::none, EMFILE, "",
     "The limit of open files is too low for the runtime: `ulimit -n`."},
    {ErrorCode::system, Phase::none, ENFILE, "",
     "The host's limit of open files is reached: `sysctl fs.file-nr`."},
    {ErrorCode::system, Phase::spawn, EAGAIN, "",
     "A limit on processes is reached: pids.max of a cgroup above, or `ulimit -u`."},
    {ErrorCode::system, Phase::mounts, ENODEV, "",
     "The kernel has no such filesystem, or its module is not loaded: `modprobe NAME`."},
    {ErrorCode::system, Phase::process, EPERM, "rlimit",
     "The limit is above the caller's own, which only CAP_SYS_RESOURCE may raise: `ulimit -Ha`."},
    {ErrorCode::system, Phase::mount_sources, EPERM, "",
     "Mounts need CAP_SYS_ADMIN (docs/privileges.md); a user without it needs a user namespace: "
     "docs/rootless.md."},
    {ErrorCode::system, Phase::none, EPERM, "join the container's namespaces",
     "Entering a container needs CAP_SYS_ADMIN and CAP_SYS_CHROOT in its user namespace and, if "
     "its program has other ids than the caller, CAP_SYS_PTRACE (docs/privileges.md)."},
    {ErrorCode::system, Phase::spawn, EPERM, "another pid namespace",
     "Entering a container needs CAP_SYS_ADMIN in its user namespace and, if its program has other "
     "ids than the caller, CAP_SYS_PTRACE (docs/privileges.md)."},
    {ErrorCode::system, Phase::spawn, EPERM, "",
     "Namespaces need CAP_SYS_ADMIN (docs/privileges.md); a user without it needs a user "
     "namespace: docs/rootless.md."},
    {ErrorCode::system, Phase::id_mappings, EPERM, "_map`",
     "Ids other than the caller's need CAP_SETUID and CAP_SETGID (docs/privileges.md), or "
     "newuidmap(1) and newgidmap(1): docs/rootless.md."},
    {ErrorCode::system, Phase::namespaces, EPERM, "`lo`",
     "Setting up a network namespace needs CAP_NET_ADMIN (docs/privileges.md)."},
    {ErrorCode::system, Phase::mounts, EPERM, "make device",
     "Making a device needs CAP_MKNOD (docs/privileges.md)."},
    {ErrorCode::system, Phase::process, EPERM, "groups",
     "Groups other than the caller's need CAP_SETGID (docs/privileges.md)."},
    {ErrorCode::system, Phase::process, EPERM, "set uid",
     "A user other than the caller needs CAP_SETUID (docs/privileges.md)."},
    {ErrorCode::system, Phase::process, EPERM, "drop bounding",
     "Capabilities are taken away with CAP_SETPCAP (docs/privileges.md)."},
    {ErrorCode::system, Phase::signal, EPERM, "",
     "A signal to a process of another user needs CAP_KILL (docs/privileges.md)."},
    {ErrorCode::system, Phase::none, EACCES, "read link",
     "Looking at a program of another user's needs CAP_SYS_PTRACE (docs/privileges.md)."},
    {ErrorCode::system, Phase::cgroup, EACCES, "",
     "The cgroup is not delegated to this user: docs/rootless.md."},
    {ErrorCode::unsupported, Phase::cgroup, 0, "controller",
     "The controller is not there or not delegated: `cat /sys/fs/cgroup/cgroup.controllers`; for "
     "users `Delegate=` of user@.service."},
    {ErrorCode::unsupported, Phase::mount_sources, 0, "",
     "The filesystem of the source has no id-mapped mounts in this kernel: leave out the idmap, or "
     "keep the source on one that has, e.g. ext4, xfs, btrfs, tmpfs."},
    {ErrorCode::protocol, Phase::none, 0, "SIGSYS",
     "A seccomp filter of the caller's forbids what the runtime needs."},
    {ErrorCode::timeout, Phase::state, 0, "lock",
     "Another command works on the container: the message names it. A hook of it may not end."},
});

bool fits(const Hint& hint, const Error& error) {
  return hint.code == error.code && (hint.phase == Phase::none || hint.phase == error.phase) &&
         (hint.errno_value == 0 || hint.errno_value == error.errno_value) &&
         error.message.find(hint.words) != std::string::npos;
}

}  // namespace

std::span<const CodeText> code_texts() { return kCodes; }
std::span<const PhaseText> phase_texts() { return kPhases; }
std::span<const Hint> hints() { return kHints; }

std::string_view hint_of(const Error& error) {
  for (const Hint& hint : kHints) {
    if (fits(hint, error)) return hint.text;
  }
  const auto index = static_cast<std::size_t>(error.code);
  return index < kCodes.size() ? kCodes[index].remedy : std::string_view();
}

std::string_view path_of(const Error& error) {
  const std::string_view message = error.message;
  std::string_view path;
  for (std::size_t open = message.find('`'); open != std::string_view::npos;) {
    const std::size_t close = message.find('`', open + 1);
    if (close == std::string_view::npos) break;
    const std::string_view operand = message.substr(open + 1, close - open - 1);
    if (operand.starts_with('/')) path = operand;
    open = message.find('`', close + 1);
  }
  return path;
}

}  // namespace myrt::cli
