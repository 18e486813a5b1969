// containerd-shim-myrt-v2(8): what no options table of the command line has.
#include <array>

#include "manual/texts.h"

namespace myrt::manual {
namespace {

constexpr auto kFlags = std::to_array<ShimWord>({
    {"namespace", "NAME", "The containerd namespace of the container. Required by both actions."},
    {"id", "ID", "The container, or the pod's first one. Required by both actions."},
    {"address", "PATH", "containerd's socket: with namespace and group it decides the shim's own."},
    {"publish-binary", "PATH", "Taken and not needed: events go to containerd's ttrpc socket."},
    {"bundle", "PATH", "Taken and not needed: the working directory is the bundle."},
    {"socket", "PATH", "Taken and not needed: the shim names its socket itself."},
    {"debug", "", "Taken and not needed: the shim has one level of log."},
    {"v", "", "Prints version and revision, and ends."},
    {"info", "",
     "Prints containerd's RuntimeInfo message, with the features document of `myrt features`, and "
     "ends."},
});

constexpr auto kOptions = std::to_array<ShimWord>({
    {"Root", "\"PATH\"",
     "The state directory, to which the namespace is added: `/run/containerd/runc`, which is also "
     "that of containerd's own shim. `myrt --root PATH/NAMESPACE list` shows what is in it."},
    {"SystemdCgroup", "true",
     "Limits through systemd, on cgroup v2. The kubelet and containerd have to agree in it."},
    {"NoPivotRoot", "true", "As `myrt create --no-pivot`: for a root on a ramdisk."},
    {"NoNewKeyring", "true", "As `myrt create --no-new-keyring`."},
    {"ShimCgroup", "\"PATH\"", "A directory of a cgroup in which the shim shall be."},
    {"IoUid", "NUMBER", "The owner of the pipes that a process gets."},
    {"IoGid", "NUMBER", "Their group."},
    {"CriuImagePath", "\"PATH\"", "Where a checkpoint goes whose request names no directory."},
    {"CriuWorkPath", "\"PATH\"", "CRIU's logs, for the same."},
    {"BinaryName", "\"PATH\"",
     "Refused, unless its last part is `myrt`: there is no command to choose."},
});

constexpr auto kBefore = std::to_array<Section>({
    {"DESCRIPTION",
     "containerd-shim-myrt-v2 stands between containerd and the processes of a pod, as "
     "containerd-shim-runc-v2 does, with the runtime linked in: it executes no runtime command. "
     "One process of one thread has all containers of a pod. containerd executes it; nobody else "
     "has to.\n\n"
     "`start`, in the directory of a bundle, prints the address of the shim's socket, and leaves a "
     "shim that listens there, unless one of the same pod does already. `delete` removes what a "
     "container has left whose shim is dead."},
});

constexpr auto kAfter = std::to_array<Section>({
    {"CONFIGURATION",
     "containerd finds the program in its PATH by the name of the runtime type, "
     "`io.containerd.myrt.v2`. For the CRI plugin of containerd 1.6 and 1.7, in "
     "`/etc/containerd/config.toml`:\n\n"
     "    [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.myrt-shim]\n"
     "      runtime_type = \"io.containerd.myrt.v2\"\n\n"
     "and of containerd 2:\n\n"
     "    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.myrt-shim]\n"
     "      runtime_type = 'io.containerd.myrt.v2'\n\n"
     "For ctr: `ctr run --runtime io.containerd.myrt.v2`. For Docker 23 and later: "
     "`docker run --runtime io.containerd.myrt.v2`."},
    {"FILES",
     "`/run/containerd/s` has the sockets, one for each pod.\n\n"
     "`myrt-shim`, in a bundle, is the shim's note of its state directory and its cgroup manager, "
     "for `delete`.\n\n"
     "`/usr/share/doc/myrt/examples` has sample configurations."},
    {"EXIT STATUS", "0, or 1 after an error, which stands on standard error."},
    {"EXAMPLES",
     "A container with this shim, and then what myrt knows of it:\n\n"
     "    ctr run -d --runtime io.containerd.myrt.v2 docker.io/library/busybox:latest web1 sleep "
     "60\n"
     "    myrt --root /run/containerd/runc/default list"},
});

}  // namespace

std::span<const ShimWord> shim_flags() { return kFlags; }
std::span<const ShimWord> shim_options() { return kOptions; }
std::span<const Section> shim_sections_before() { return kBefore; }
std::span<const Section> shim_sections_after() { return kAfter; }

}  // namespace myrt::manual
