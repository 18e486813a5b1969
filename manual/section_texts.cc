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
     "engines read, and more beside them; `--error-file FILE` gets the same object whatever the "
     "log "
     "is:\n\n"
     "    code     one of the codes below\n"
     "    phase    one of the phases below\n"
     "    syscall  the call that failed, by the name of its manual page\n"
     "    errno    its number, and `error` its name\n"
     "    path     the file that it was about\n"
     "    pointer  the JSON pointer of the field of the configuration that asked for it\n"
     "    hint     what may help\n\n"
     "A member that has nothing to say is not there."},
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

}  // namespace myrt::manual
