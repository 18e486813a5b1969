#include <array>

#include "manual/texts.h"

namespace myrt::manual {
namespace {

constexpr auto kProgram = std::to_array<Section>({
    {"DESCRIPTION",
     "myrt is an OCI container runtime: the program below containerd, CRI-O, Podman and Docker "
     "that turns a bundle (a `config.json` and a root filesystem) into a running container. Its "
     "command line is runc's.\n\n"
     "A container is made by `myrt create`, or by `myrt run` in one step. `myrt validate` tells "
     "what is wrong with a configuration, `myrt doctor` what is wrong with a host, and "
     "`myrt effective` whether a running container still is what its configuration says."},
    {"ENVIRONMENT",
     "`XDG_RUNTIME_DIR` holds the default state directory of callers that are not root.\n\n"
     "`NOTIFY_SOCKET`, `LISTEN_FDS` and `LISTEN_PID` are passed on to the container as systemd's "
     "protocols want it.\n\n"
     "`NO_COLOR`, when it is set, keeps colours out of reports on a terminal."},
    {"FILES",
     "`/run/myrt` is the default state directory; see `--root`.\n\n"
     "`/usr/share/doc/myrt/examples` has sample configurations of containerd, Docker, CRI-O and "
     "Kubernetes' RuntimeClass.\n\n"
     "`/usr/share/containers/containers.conf.d` or `/etc/containers/containers.conf.d` has the "
     "drop-in that makes myrt known to Podman."},
    {"EXIT STATUS",
     "0 on success and 1 after an error, which stands on standard error (or where `--log` says). "
     "3 for an unknown command. `run` and `exec` pass on the status of the program; `validate`, "
     "`effective` and `doctor` have 1 for a finding."},
    {"EXAMPLES",
     "A container from nothing, with busybox as its root filesystem:\n\n"
     "    mkdir -p bundle/rootfs/bin && cd bundle\n"
     "    cp /bin/busybox rootfs/bin/ && rootfs/bin/busybox --install rootfs/bin\n"
     "    myrt spec\n"
     "    myrt validate\n"
     "    myrt run try"},
});

constexpr auto kErrors = std::to_array<Section>({
    {"DESCRIPTION",
     "Every failure of myrt is one line that reads from the general to the specific, and ends in "
     "the kernel's words where a system call failed:\n\n"
     "    create `web1`: mounts[0]: mount `nosuchfs` to `/x`: no such device\n\n"
     "With `--log-format json` it is an object with the members `level`, `msg` and `time`, which "
     "engines read. Every error has a code and the phase of the operation that it happened in; "
     "where a field of the configuration caused it, also that field's JSON pointer."},
});

constexpr auto kCodes = std::to_array<Meaning>({
    {"system", "A system call failed; the message ends in the kernel's words."},
    {"invalid_config",
     "The configuration breaks the specification. The message begins with the JSON pointer of the "
     "field; `myrt validate` lists all of them."},
    {"invalid_argument", "The command line has something unusable: an id, an option, a path."},
    {"not_found", "There is no such container in the state directory: see `--root`."},
    {"already_exists", "The id is in use. `myrt list` shows by what."},
    {"wrong_status", "The container's status does not allow the operation: see `myrt state`."},
    {"unsupported",
     "Valid, but this build or this host cannot do it: see `myrt features` and `myrt doctor`."},
    {"executable_not_found", "`process.args[0]` does not exist in the container."},
    {"executable_not_permitted", "`process.args[0]` is not executable for the container's user."},
    {"hook_failed", "A hook ended with a status other than 0, was killed, or took too long."},
    {"timeout", "A wait with a bound ran out."},
    {"protocol", "The container's init died, or did not answer as it has to."},
    {"out_of_memory",
     "The OOM killer took the container's init before it could start: the memory limit is too "
     "small."},
    {"internal", "A bug of myrt, or a damaged state directory. Please report it."},
});

constexpr auto kPhases = std::to_array<Meaning>({
    {"none", "Before there is anything to be done."},
    {"arguments", "The command line."},
    {"parse", "Reading the configuration: JSON and types."},
    {"validate", "The rules of the specification."},
    {"plan", "Deciding what has to be done, with a few facts of the host."},
    {"state", "The state directory."},
    {"cgroup", "The container's cgroup and its limits."},
    {"mount_sources", "Opening what is to be mounted, on the host."},
    {"spawn", "Making the container's init and its namespaces."},
    {"id_mappings", "The user namespace's id maps."},
    {"namespaces", "Joining and setting up namespaces: hostname, devices, sysctls."},
    {"mounts", "The container's mounts."},
    {"hooks", "A hook of the configuration."},
    {"root", "Changing to the container's root."},
    {"terminal", "The pseudoterminal."},
    {"process", "User, limits, scheduling and working directory of the process."},
    {"security", "Capabilities and labels."},
    {"seccomp", "The system call filter."},
    {"handshake", "The talk between runtime and init."},
    {"start", "`myrt start`, up to execve(2)."},
    {"exec", "`myrt exec`."},
    {"signal", "Sending a signal."},
    {"remove", "Removing what a container holds."},
});

constexpr auto kConformance = std::to_array<Section>({
    {"DESCRIPTION",
     "myrt implements the OCI runtime specification for Linux. Every MUST of the specification has "
     "a test that carries its number; `make conformance` in the sources runs the validation suite "
     "of runtime-tools, and says where the suite itself is behind the specification."},
    {"CONFIGURATION",
     "All of `config.json` for Linux is read: process with capabilities, limits, scheduling, "
     "labels and terminal; mounts with every option of the specification, recursive and id-mapped "
     "ones included; all eight kinds of namespaces, new or joined; cgroup v1, hybrid and v2; "
     "seccomp with every action, argument comparison and user notification; devices, sysctls, "
     "masked and read-only paths, memory policy, Intel RDT, network devices, personality, time "
     "offsets; and all hooks.\n\n"
     "A property that is unknown has no effect, as the specification demands; `myrt validate` "
     "warns about it. A value that is invalid, or that cannot be applied, is an error that names "
     "the property: nothing is left out silently."},
    {"OPERATIONS",
     "state, create, start, kill and delete behave as the specification says. Where runc and crun "
     "both deviate from its letter and engines depend on that, myrt does as they do, unless "
     "`--strict` is given."},
    {"COMMAND LINE",
     "Commands, options, texts that engines match, and the files of the state directory that "
     "engines read are those of runc. A link named runc or crun to myrt takes that name's default "
     "state directory and version line."},
    {"LIMITS", "What is not supported is refused by name. `myrt features` prints what is."},
});

}  // namespace

std::span<const Section> program_sections() { return kProgram; }
std::span<const Section> error_sections() { return kErrors; }
std::span<const Section> conformance_sections() { return kConformance; }
std::span<const Meaning> code_meanings() { return kCodes; }
std::span<const Meaning> phase_meanings() { return kPhases; }

}  // namespace myrt::manual
