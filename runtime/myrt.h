// libmyrt: the public interface of the runtime. One function per verb of the OCI runtime-spec and
// of runc's command line.
//
// Nothing in here prints, exits, reads the environment or keeps global state; a caller owns its
// Context and may use several. The caller must be single-threaded while create, run and exec clone;
// list and metrics may use threads of their own, which have ended when they return. Every function
// returns its failure as an Error.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci-spec/inspect.h"
#include "oci-spec/spec.h"
#include "oci-spec/state.h"
#include "sys/late_close.h"
#include "sys/result.h"
#include "sys/trace.h"

namespace myrt {

enum class CgroupManager : std::uint8_t { cgroupfs, systemd, disabled };
enum class Strictness : std::uint8_t {
  peers,
  spec
};  // --strict: the spec's letter where runc and crun deviate
enum class Switch : std::uint8_t { off, on };

// The systemd that makes units for CgroupManager::systemd.
struct Systemd {
  std::string bus = "unix:path=/run/dbus/system_bus_socket";  // a D-Bus address
  Switch user = Switch::off;                                  // on: a user's manager
};

// What every operation needs to know.
struct Context {
  std::string root;  // absolute path of the state root, e.g. "/run/myrt"
  CgroupManager cgroup_manager = CgroupManager::cgroupfs;
  Systemd systemd;
  Strictness strictness = Strictness::peers;
  // How long init, or an exec'd process, may take from one message to the next; 0: as long as it
  // likes. Hooks that it runs have their own bounds.
  std::chrono::milliseconds init_bound = std::chrono::minutes(2);
  std::function<void(std::string_view)> warn = [](std::string_view) {
  };                                            // a warning never changes the flow (LIF-03)
  std::function<void(std::string_view)> debug;  // empty: no debug texts are even built
  sys::Trace trace;                             // off unless it was opened
  sys::LateClose seal;                          // of init::take_seal, if the caller has one
};

// How a new container process is connected to its caller.
struct ProcessIo {
  std::string pid_file;        // written atomically, digits only, before the call returns
  std::string console_socket;  // unix socket that gets the pty master; needs process.terminal
  std::string pidfd_socket;    // unix socket that gets the process's pidfd
  int preserve_fds = 0;        // fds 3 .. 3+N-1 stay open
  int listen_fds =
      0;  // of those, how many are systemd activation sockets: sets LISTEN_FDS and LISTEN_PID=1
};

struct CreateOptions {
  std::string id;
  std::string bundle = ".";
  std::string config = "config.json";  // relative to the bundle, or absolute
  ProcessIo io;
  Switch pivot = Switch::on;        // off: --no-pivot
  Switch new_keyring = Switch::on;  // off: --no-new-keyring
  std::string notify_socket;        // NOTIFY_SOCKET of the caller, empty when it has none
  // A detached mount (fsmount(2), open_tree(2)) that becomes the root, in a new mount namespace
  // alone; borrowed, and used up. -1: what is at root.path.
  int root_tree = -1;
  // How the text of an error begins, for callers that know another runtime's; empty: create `ID`
  // or run `ID`.
  std::string failure_text;
};

Result<> create(const Context& context, const CreateOptions& options);
// Returns after the user program was executed and the poststart hooks ran.
// `notify_socket` is the caller's NOTIFY_SOCKET; when the
// container was created with one too, start waits for its READY=1 and passes it on.
Result<> start(const Context& context, const std::string& id,
               const std::string& notify_socket = {});

struct RunOptions {
  CreateOptions create;
  Switch detach = Switch::off;
  Switch keep = Switch::off;      // keep the state after a foreground run
  Switch subreaper = Switch::on;  // off: --no-subreaper
};
// The process's exit code as a shell counts it (128 + signal); 0 when detached.
Result<int> run(const Context& context, const RunOptions& options);

struct ExecOptions {
  std::string id;
  std::optional<oci::Process>
      process;  // --process; otherwise the container's own with the overrides below
  std::vector<std::string> args;
  std::string cwd;
  std::vector<std::string> env;  // appended to the container's
  std::optional<Switch> terminal;
  std::string user;  // "UID[:GID]"
  std::vector<std::uint32_t> additional_gids;
  std::vector<std::string> capabilities;
  std::optional<Switch> no_new_privileges;
  std::string apparmor_profile, selinux_label;
  std::vector<std::string>
      cgroup;  // "PATH" or "CONTROLLER[,CONTROLLER]:PATH", below the container's cgroup
  Switch ignore_paused = Switch::off;
  Switch detach = Switch::off;
  ProcessIo io;
};
Result<int> exec(const Context& context, const ExecOptions& options);

struct ContainerInfo {
  oci::State state;
  oci::StateExtras extras;
};
Result<ContainerInfo> state(const Context& context, const std::string& id);
// Every container of the root, sorted by id. One that cannot be read is warned about and left out.
Result<std::vector<ContainerInfo>> list(const Context& context);
// Ids only, without looking at the containers; for --quiet and --regex.
Result<std::vector<std::string>> list_ids(const Context& context);

struct KillOptions {
  std::string id;
  // Absent: the stop signal that the image names by annotation (ANN-05), else SIGTERM.
  std::optional<int> signal;
  Switch all = Switch::off;
};
Result<> kill(const Context& context, const KillOptions& options);

struct DeleteOptions {
  std::string id;
  Switch force = Switch::off;
};
Result<> remove(const Context& context, const DeleteOptions& options);

struct GcOptions {
  Switch dry_run = Switch::off;
  Switch stopped = Switch::off;  // on: also containers that have run and stopped
};
// Something that a container holds on the host.
struct Leftover {
  std::string kind;  // "cgroup", "unit", "mount", "resctrl group", "pid file", "state directory"
  std::string name;
};
struct Reclaimed {
  std::string id;
  std::string reason;  // why it was taken for dead
  std::vector<Leftover> held;
  std::optional<Error> error;  // nullopt: it is gone (or would be, with dry_run)
};
// Removes, as `delete --force` does, what creations that were cut short by the death of the runtime
// have left in the root, and nothing else: no container whose init lives, and none that another
// process works on. Errors: system, where the root cannot be read; what one container's removal
// says is in its entry.
Result<std::vector<Reclaimed>> gc(const Context& context, const GcOptions& options);
std::string to_json(const std::vector<Reclaimed>& reclaimed);

// Host pids of all processes of the container, sub-cgroups included, ascending.
Result<std::vector<pid_t>> ps(const Context& context, const std::string& id);
Result<> pause(const Context& context, const std::string& id);
Result<> resume(const Context& context, const std::string& id);
// Lines of a resctrl class for update; absent: unchanged.
struct RdtSchemas {
  std::optional<std::string> l3_cache, mem_bw;
  bool operator==(const RdtSchemas&) const = default;
};
// Zero and absent leave a limit as it is; `devices` is ignored (contract §0.16). Schemata go to the
// container's resctrl class; where it has none, one of its own is made for it.
Result<> update(const Context& context, const std::string& id, const oci::Resources& resources,
                const RdtSchemas& schemas = {});

// Mounts more into a container that runs, is paused or was created: all of `mounts` or none. They
// end with the container. Relative sources are below the bundle.
Result<> add_mounts(const Context& context, const std::string& id,
                    const std::vector<oci::Mount>& mounts);
// Takes away what add_mounts has put there; only `destination` counts.
Result<> remove_mounts(const Context& context, const std::string& id,
                       const std::vector<oci::Mount>& mounts);

// What checkpoint and restore share of CRIU's options; each is CRIU's own of that name.
struct CriuOptions {
  std::string binary;      // of CRIU, absolute; empty: the caller found none
  std::string image_path;  // absolute
  std::string work_path;   // absolute, for logs; empty: the image path
  Switch tcp_established = Switch::off, external_unix_sockets = Switch::off;
  Switch shell_job = Switch::off, file_locks = Switch::off, link_remap = Switch::off;
  Switch auto_dedup = Switch::off, lazy_pages = Switch::off;
  std::string manage_cgroups_mode;            // soft, full, strict, ignore; empty: soft
  std::string network_lock;                   // iptables, nftables, skip; empty: CRIU's default
  std::vector<std::string> empty_namespaces;  // "network"
};

struct CheckpointOptions {
  std::string id;
  CriuOptions criu;
  std::string parent_path;  // of an earlier pre-dump, relative to the image path
  Switch leave_running = Switch::off, pre_dump = Switch::off;
  Switch tcp_skip_in_flight = Switch::off;
  std::string page_server;       // ADDRESS:PORT
  std::optional<int> status_fd;  // gets a zero byte when lazy pages can be served
};
// Saves a running or paused container. Without leave_running and pre_dump it is destroyed then, its
// poststop hooks included. What will not work is refused before anything is stopped. Errors leave
// the container as it was.
Result<> checkpoint(const Context& context, const CheckpointOptions& options);

struct RestoreOptions {
  CreateOptions create;  // id, bundle and what connects the container to its caller
  CriuOptions criu;
  Switch detach = Switch::off;
  Switch subreaper = Switch::on;  // off: --no-subreaper
  Switch tcp_close = Switch::off;
  std::string lsm_profile;  // "TYPE:NAME"
  std::string lsm_mount_context;
};
// Makes a container of a checkpoint: its state, cgroup and mounts come from the bundle, as for
// create. The exit code as run has it. Errors leave nothing behind.
Result<int> restore(const Context& context, const RestoreOptions& options);

// {"type":"stats","id":...,"data":{...}} on one line, without a newline (contract §3).
Result<std::string> stats_event(const Context& context, const std::string& id);
// Calls `emit` with one JSON line for each stats (every `interval`) and oom event, until the
// container's cgroup is gone.
Result<> events(const Context& context, const std::string& id, std::chrono::milliseconds interval,
                const std::function<void(std::string_view)>& emit);

// --- inspection (runtime/inspection): what follows looks, and changes nothing

struct ValidateOptions {
  std::string path = ".";    // a bundle, or a configuration file in one
  Switch host = Switch::on;  // off: only what the document itself says
};
struct Validation {
  std::string config;                // absolute path of the file
  std::vector<oci::Remark> remarks;  // in the order of the document
};
// Every problem of a configuration at once, and what this build, kernel and host cannot do of it.
// Errors: system (a file that cannot be read); whatever is wrong in the file is a remark.
Result<Validation> validate(const Context& context, const ValidateOptions& options);
// {"config":…,"valid":…,"runnable":…,"remarks":[…]}, indented: valid is about the specification,
// runnable about this host as well.
std::string to_json(const Validation& validation);

enum class Match : std::uint8_t { same, differs, unknown };
// One thing that the configuration asked of the kernel.
struct EffectiveField {
  std::string name;     // "process.capabilities.bounding", "mounts[/proc].options"
  std::string pointer;  // of the field that asked for it; empty: a rule of the specification
  std::string asked, applied;
  Match match = Match::same;
};
struct Effective {
  oci::State state;
  std::vector<EffectiveField> fields;
};
// What the kernel applies to the container's init, beside what its configuration (as it was when
// the container was created) asked for. Errors: not_found; wrong_status for a stopped container.
Result<Effective> effective(const Context& context, const std::string& id);
std::string to_json(const Effective& effective);

enum class MetricsFormat : std::uint8_t {
  prometheus,   // text format 0.0.4: what promtool and node_exporter's textfile collector read
  openmetrics,  // OpenMetrics 1.0
};
struct MetricsOptions {
  std::vector<std::string> ids;  // empty: every container of the root
  Switch all = Switch::off;      // on: stopped containers too
  MetricsFormat format = MetricsFormat::prometheus;
};
// What every container uses. One that cannot be read, or has gone meanwhile, is left out (and
// warned about in the first case); a missing one that was named is an Error{not_found}.
Result<std::string> metrics(const Context& context, const MetricsOptions& options);

enum class Verdict : std::uint8_t { ok, note, warning, failure };
struct Diagnosis {
  std::string name;  // "user namespaces"
  Verdict verdict = Verdict::ok;
  std::string finding;      // what was tried and what came of it
  std::string consequence;  // what will not work; empty when ok
  std::string fix;          // a command or a line of a file; empty when there is none
};
struct DoctorOptions {
  std::string search_path;      // PATH, for engines and criu
  std::string xdg_runtime_dir;  // of the caller
};
// Tries out what containers need of this host, and looks at the engines' configurations. What it
// makes (processes, detached mounts, an empty cgroup) is gone when it returns.
Result<std::vector<Diagnosis>> doctor(const Context& context, const DoctorOptions& options);
std::string to_json(const std::vector<Diagnosis>& diagnoses);

struct Version {
  std::string version, commit, spec, libseccomp;
};
Version version();
// The features document (features.md), indented JSON.
std::string features();
// The document of `myrt spec`.
std::string default_spec(Switch rootless, uid_t uid, gid_t gid);

}  // namespace myrt
