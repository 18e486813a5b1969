#include "runtime/cli/options_table.h"

#include <array>

namespace myrt::cli {
namespace {

using enum OptionKind;

// Options that several commands share, so that they read alike everywhere.
constexpr OptionEntry kBundle = {"bundle", 'b', text, "DIR",
                                 "path of the bundle directory (default: the current directory)"};
constexpr OptionEntry kConsoleSocket = {
    "console-socket", 0, text, "SOCKET",
    "path of an AF_UNIX socket that receives the master end of the console's pseudoterminal"};
constexpr OptionEntry kPidfdSocket = {
    "pidfd-socket", 0, text, "SOCKET",
    "path of an AF_UNIX socket that receives a pidfd of the container process"};
constexpr OptionEntry kPidFile = {"pid-file", 0, text, "FILE",
                                  "file to write the id of the process to"};
constexpr OptionEntry kPreserveFds = {
    "preserve-fds", 0, integer, "N",
    "pass N more file descriptors to the container (stdio + $LISTEN_FDS + N in total)"};
constexpr OptionEntry kDetach = {"detach", 'd', flag, "", "do not wait for the process to exit"};
constexpr OptionEntry kNoPivot = {"no-pivot", 0, flag, "",
                                  "do not use pivot_root(2): for a rootfs on a ramdisk"};
constexpr OptionEntry kNoNewKeyring = {"no-new-keyring", 0, flag, "",
                                       "keep the caller's session keyring in the container"};
constexpr OptionEntry kConfig = {
    "config", 'f', text, "FILE",
    "configuration to use instead of config.json, absolute or below the bundle"};
constexpr OptionEntry kNoSubreaperNoEffect = {
    "no-subreaper",
    0,
    flag,
    "",
    "accepted without effect: this command never becomes a subreaper",
    Support::no_effect};
constexpr OptionEntry kFormat = {"format", 'f', text, "FORMAT", "table or json (default: table)"};
constexpr OptionEntry kRegex = {
    "regex", 'r', flag, "", "take the argument as an extended regular expression of container ids"};

constexpr auto kGlobal = std::to_array<OptionEntry>({
    {"root", 0, text, "DIR", "directory for the state of containers; should be on tmpfs"},
    {"log", 0, text, "[file:|syslog:|journald:]NAME",
     "append messages to a file, or send them to syslog or the journal (default: standard error)"},
    {"log-format", 0, text, "FORMAT", "text or json (default: text)"},
    {"log-level", 0, text, "LEVEL",
     "error, warning, info or debug (default: warning; with --log: error)"},
    {"debug", 0, flag, "", "the same as --log-level=debug"},
    {"error-file", 0, text, "FILE",
     "file to write the error that ends the command to, as a JSON object (not without one)"},
    {"systemd-cgroup", 0, flag, "", "the same as --cgroup-manager=systemd"},
    {"cgroup-manager", 0, text, "MANAGER", "cgroupfs, systemd or disabled (default: cgroupfs)"},
    {"rootless", 0, text, "VALUE",
     "true, false or auto: whether the default --root is below $XDG_RUNTIME_DIR (default: auto)"},
    {"init-timeout", 0, duration, "TIME",
     "how long init may take from one step to the next; 0: no bound (default: 2m)"},
    {"trace", 0, text, "FILE",
     "write where the time goes, in the runtime and in init, as JSON for chrome://tracing"},
    {"strict", 0, flag, "", "follow the specification to the letter where runc and crun deviate"},
    {"help", 'h', flag, "", "show help"},
    {"version", 'v', flag, "", "print the version"},
});

constexpr OptionEntry kHelp = {"help", 'h', flag, "", "show help"};

constexpr auto kCreate = std::to_array<OptionEntry>({
    kBundle,
    kConfig,
    kConsoleSocket,
    kPidfdSocket,
    kPidFile,
    kNoPivot,
    kNoNewKeyring,
    kPreserveFds,
    kNoSubreaperNoEffect,
});

constexpr auto kRun = std::to_array<OptionEntry>({
    kBundle,
    kConfig,
    kConsoleSocket,
    kPidfdSocket,
    kDetach,
    {"keep", 0, flag, "", "keep the container's state after it has exited"},
    kPidFile,
    {"no-subreaper", 0, flag, "", "do not adopt the orphaned processes of the container"},
    kNoPivot,
    kNoNewKeyring,
    kPreserveFds,
});

constexpr auto kKill = std::to_array<OptionEntry>({
    {"all", 'a', flag, "", "send the signal to every process of the container"},
    kRegex,
});

constexpr auto kDelete = std::to_array<OptionEntry>({
    {"force", 'f', flag, "", "kill a container that still runs; a missing one is no error"},
    kRegex,
});

constexpr auto kExec = std::to_array<OptionEntry>({
    kConsoleSocket,
    kPidfdSocket,
    {"cwd", 0, text, "DIR", "working directory in the container"},
    {"env", 'e', list, "NAME=VALUE", "add an environment variable; may be repeated"},
    {"tty", 't', flag, "", "give the process a pseudoterminal"},
    {"user", 'u', text, "UID[:GID]", "numeric user and group of the process"},
    {"additional-gids", 'g', list, "GID", "add a supplementary group; may be repeated"},
    {"process", 'p', text, "FILE", "read the whole process object from a JSON file"},
    kDetach,
    kPidFile,
    {"process-label", 0, text, "LABEL", "SELinux label of the process"},
    {"apparmor", 0, text, "PROFILE", "AppArmor profile of the process"},
    {"no-new-privs", 0, flag, "", "set the no_new_privs attribute of the process"},
    {"cap", 'c', list, "CAP", "add a capability; may be repeated"},
    kPreserveFds,
    {"cgroup", 0, list, "[CONTROLLER:]PATH",
     "existing cgroup below the container's own to run in; may be repeated"},
    {"ignore-paused", 0, flag, "", "allow this in a paused container"},
    kNoSubreaperNoEffect,
});

constexpr auto kList = std::to_array<OptionEntry>({
    kFormat,
    {"quiet", 'q', flag, "", "print container ids only"},
});

constexpr auto kPs = std::to_array<OptionEntry>({kFormat});

constexpr auto kUpdate = std::to_array<OptionEntry>({
    {"resources", 'r', text, "FILE",
     "read a linux.resources object from a JSON file, or from standard input (-)"},
    {"blkio-weight", 0, text, "WEIGHT", "block IO weight, 10 to 1000"},
    {"cpu-period", 0, text, "US", "length of a CFS period, in microseconds"},
    {"cpu-quota", 0, text, "US", "CPU time in one CFS period, in microseconds; -1: no limit"},
    {"cpu-burst", 0, text, "US", "CPU time that may be accumulated for a burst, in microseconds"},
    {"cpu-share", 0, text, "SHARES", "CPU shares relative to other containers"},
    {"cpu-rt-period", 0, text, "US", "length of a realtime period, in microseconds"},
    {"cpu-rt-runtime", 0, text, "US", "CPU time in one realtime period, in microseconds"},
    {"cpu-idle", 0, text, "0|1", "1: run with SCHED_IDLE"},
    {"cpuset-cpus", 0, text, "LIST", "CPUs to use, e.g. 0-3,8"},
    {"cpuset-mems", 0, text, "LIST", "memory nodes to use"},
    {"memory", 0, text, "BYTES", "memory limit, with an optional suffix k, m or g; -1: no limit"},
    {"memory-reservation", 0, text, "BYTES", "soft memory limit"},
    {"memory-swap", 0, text, "BYTES", "limit of memory and swap together; -1: no limit"},
    {"kernel-memory", 0, text, "BYTES",
     "accepted without effect, and with a warning: kernels have no such limit since 5.16",
     Support::no_effect},
    {"kernel-memory-tcp", 0, text, "BYTES", "limit of TCP buffers (cgroup v1)"},
    {"pids-limit", 0, text, "N", "largest number of processes and threads; -1: no limit"},
    {"l3-cache-schema", 0, text, "SCHEMA", "L3 cache of the resctrl class, e.g. L3:0=ff;1=f0"},
    {"mem-bw-schema", 0, text, "SCHEMA", "memory bandwidth of the resctrl class, e.g. MB:0=50"},
});

constexpr auto kSpec = std::to_array<OptionEntry>({
    kBundle,
    {"rootless", 0, flag, "", "write a configuration for a container without root privileges"},
    {"file", 'f', text, "FILE", "file to write (default: config.json in the bundle)"},
});

constexpr auto kEvents = std::to_array<OptionEntry>({
    {"interval", 0, duration, "TIME", "time between two stats events (default: 5s)"},
    {"stats", 0, flag, "", "print one stats event and exit"},
});

// Engines probe `checkpoint --help` and `restore --lsm-mount-context` for what a runtime knows
// (contract §0.15).
constexpr auto kCheckpoint = std::to_array<OptionEntry>({
    {"image-path", 0, text, "DIR", "directory for the image files (default: checkpoint)"},
    {"work-path", 0, text, "DIR", "directory for work files and logs"},
    {"parent-path", 0, text, "DIR", "image of an earlier pre-dump, relative to --image-path"},
    {"leave-running", 0, flag, "", "leave the container running"},
    {"tcp-established", 0, flag, "", "allow established TCP connections"},
    {"tcp-skip-in-flight", 0, flag, "", "leave out TCP connections that are being established"},
    {"ext-unix-sk", 0, flag, "", "allow external unix sockets"},
    {"link-remap", 0, flag, "", "allow open files that were unlinked"},
    {"shell-job", 0, flag, "", "allow processes that belong to a shell's session"},
    {"lazy-pages", 0, flag, "", "serve memory pages on demand"},
    {"status-fd", 0, integer, "FD", "write a zero byte here when the lazy pages can be served"},
    {"page-server", 0, text, "ADDRESS:PORT", "send memory pages to a page server"},
    {"file-locks", 0, flag, "", "allow file locks"},
    {"pre-dump", 0, flag, "", "dump memory only and leave the container running"},
    {"manage-cgroups-mode", 0, text, "MODE", "soft, full, strict or ignore (default: soft)"},
    {"empty-ns", 0, list, "NAMESPACE", "make a namespace without restoring what is in it"},
    {"auto-dedup", 0, flag, "", "remove duplicate memory pages from the images"},
    {"network-lock", 0, text, "METHOD",
     "how network traffic is held up meanwhile: iptables, nftables or skip"},
});

constexpr auto kRestore = std::to_array<OptionEntry>({
    kConsoleSocket,
    {"image-path", 0, text, "DIR", "directory of the image files (default: checkpoint)"},
    {"parent-path", 0, text, "DIR",
     "accepted without effect: the images themselves name their parent", Support::no_effect},
    {"work-path", 0, text, "DIR", "directory for work files and logs"},
    {"tcp-established", 0, flag, "", "allow established TCP connections"},
    {"tcp-close", 0, flag, "", "restore TCP connections as closed"},
    {"ext-unix-sk", 0, flag, "", "allow external unix sockets"},
    {"link-remap", 0, flag, "", "allow open files that were unlinked"},
    {"shell-job", 0, flag, "", "allow processes that belong to a shell's session"},
    {"file-locks", 0, flag, "", "allow file locks"},
    {"manage-cgroups-mode", 0, text, "MODE", "soft, full, strict or ignore (default: soft)"},
    kBundle,
    kDetach,
    kPidFile,
    {"no-subreaper", 0, flag, "", "do not adopt the orphaned processes of the container"},
    {"no-pivot", 0, flag, "", "accepted without effect: CRIU enters the root, a mount of its own",
     Support::no_effect},
    {"empty-ns", 0, list, "NAMESPACE", "make a namespace without restoring what is in it"},
    {"auto-dedup", 0, flag, "", "remove duplicate memory pages from the images"},
    {"lazy-pages", 0, flag, "", "restore memory pages on demand"},
    {"lsm-profile", 0, text, "TYPE:NAME", "LSM profile of the restored processes"},
    {"lsm-mount-context", 0, text, "CONTEXT", "SELinux mount context to use"},
    {"network-lock", 0, text, "METHOD",
     "how network traffic is held up meanwhile: iptables, nftables or skip"},
});

constexpr OptionEntry kJson = {"json", 0, flag, "", "print a JSON document instead of text"};

constexpr auto kValidate = std::to_array<OptionEntry>({
    kJson,
    {"spec-only", 0, flag, "", "do not ask whether this kernel and host can do what is configured"},
});

constexpr auto kEffective = std::to_array<OptionEntry>({
    kJson,
    {"diff", 0, flag, "", "print only what differs from the configuration"},
});

constexpr auto kMetrics = std::to_array<OptionEntry>({
    {"all", 'a', flag, "", "stopped containers too"},
    {"format", 'f', text, "FORMAT", "prometheus or openmetrics (default: prometheus)"},
});

constexpr auto kDoctor = std::to_array<OptionEntry>({kJson});

constexpr auto kGc = std::to_array<OptionEntry>({
    {"dry-run", 'n', flag, "", "only list what would be removed"},
    {"stopped", 0, flag, "", "also containers that have run and stopped"},
    kJson,
});

constexpr std::string_view kId = "<container-id>";

constexpr auto kCommands = std::to_array<CommandEntry>({
    {CommandId::create, "create", "create a container", kId, kCreate, 1, 1},
    {CommandId::start, "start", "run the user's program in a created container", kId, {}, 1, 1},
    {CommandId::run, "run", "create a container and start it", kId, kRun, 1, 1},
    {CommandId::state, "state", "print the state of a container", kId, {}, 1, 1},
    {CommandId::kill, "kill", "send a signal (default: SIGTERM) to a container",
     "<container-id> [signal]", kKill, 1, 2},
    {CommandId::remove, "delete", "remove what a container holds", kId, kDelete, 1, 1},
    {CommandId::exec, "exec", "run another process in a container",
     "<container-id> <command> [argument...]", kExec, 1, kAnyNumber, Placement::before_arguments},
    {CommandId::list, "list", "list the containers of the root", "", kList, 0, 0},
    {CommandId::ps, "ps", "show the processes of a container", "<container-id> [ps options]", kPs,
     1, kAnyNumber, Placement::before_arguments},
    {CommandId::pause, "pause", "suspend all processes of a container", kId, {}, 1, 1},
    {CommandId::resume, "resume", "continue all processes of a paused container", kId, {}, 1, 1},
    {CommandId::update, "update", "change the resource limits of a container", kId, kUpdate, 1, 1},
    {CommandId::spec, "spec", "write a configuration to start from", "", kSpec, 0, 0},
    {CommandId::features, "features", "print what this runtime supports, as JSON", "", {}, 0, 0},
    {CommandId::events, "events", "print statistics and out-of-memory events of a container", kId,
     kEvents, 1, 1},
    {CommandId::checkpoint, "checkpoint", "save a running container", kId, kCheckpoint, 1, 1},
    {CommandId::restore, "restore", "restore a saved container", kId, kRestore, 1, 1},
    {CommandId::mounts,
     "mounts",
     "add or remove mounts of a container that is already there",
     "add|remove <container-id> <file>|-",
     {},
     3,
     3},
    {CommandId::validate, "validate", "list everything that is wrong with a configuration",
     "[bundle|config.json]", kValidate, 0, 1},
    {CommandId::effective, "effective",
     "compare what the kernel applies to a container with its configuration", kId, kEffective, 1,
     1},
    {CommandId::metrics, "metrics", "print what containers use, for a monitoring system",
     "[container-id...]", kMetrics, 0, kAnyNumber},
    {CommandId::gc, "gc", "remove what runtimes that were killed have left behind", "", kGc, 0, 0},
    {CommandId::doctor, "doctor", "try out what containers need of this host", "", kDoctor, 0, 0},
    {CommandId::help, "help", "show help, or the help of one command", "[command]", {}, 0, 1},
});

}  // namespace

std::span<const CommandEntry> commands() { return kCommands; }

std::span<const OptionEntry> global_options() { return kGlobal; }

const OptionEntry& help_option() { return kHelp; }

const CommandEntry* find_command(std::string_view name) {
  if (name == "h") name = "help";
  for (const CommandEntry& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

const OptionEntry* find_option(std::span<const OptionEntry> options, std::string_view name) {
  for (const OptionEntry& option : options) {
    if (option.name == name) return &option;
    if (name.size() == 1 && option.short_name == name[0]) return &option;
  }
  return nullptr;
}

}  // namespace myrt::cli
