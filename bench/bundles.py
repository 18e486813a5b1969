"""The bundles that are measured. floor.cc makes the same containers by hand."""

import copy
import json
import os
import shutil

SIMPLE_CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
DOCKER_CAPABILITIES = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW",
    "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
]  # fmt: skip
NO_FILES = ["nosuid", "noexec", "nodev"]
BOUND_FILES = ["hosts", "hostname", "resolv.conf"]
NAMESPACE_FLAGS = 0x7E020000  # CLONE_NEW*
AF_VSOCK = 40


def mount(destination, fstype, source, options=()):
    result = {"destination": destination, "type": fstype, "source": source}
    if options:
        result["options"] = list(options)
    return result


def capabilities(names):
    return {kind: names for kind in ("bounding", "effective", "permitted")}


def simple_config(rootfs):
    """What `runc spec` prints, without its terminal."""
    pts = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": ["/payload"],
            "env": ["PATH=/bin"],
            "cwd": "/",
            "capabilities": capabilities(SIMPLE_CAPABILITIES),
            "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 1024}],
            "noNewPrivileges": True,
        },
        "root": {"path": rootfs, "readonly": True},
        "hostname": "bench",
        "mounts": [
            mount("/proc", "proc", "proc"),
            mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            mount("/dev/pts", "devpts", "devpts", pts),
            mount("/dev/shm", "tmpfs", "shm", NO_FILES + ["mode=1777", "size=65536k"]),
            mount("/dev/mqueue", "mqueue", "mqueue", NO_FILES),
            mount("/sys", "sysfs", "sysfs", NO_FILES + ["ro"]),
            mount("/sys/fs/cgroup", "cgroup", "cgroup", NO_FILES + ["relatime", "ro"]),
        ],
        "linux": {
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
            "namespaces": [{"type": t} for t in ("pid", "network", "ipc", "uts", "mount")],
            "maskedPaths": [
                "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
                "/proc/scsi",
            ],
            "readonlyPaths": [
                "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
            ],
        },
    }  # fmt: skip


def allow_device(kind, access, **numbers):
    """Numbers that are left out are all numbers: not every runtime takes -1 for that."""
    return {"allow": True, "type": kind, "access": access} | numbers


def device_rules():
    """Nine, as a container engine writes them; the order matters."""
    known = [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0)]
    return [
        {"allow": False, "access": "rwm"},
        allow_device("c", "m"),
        allow_device("b", "m"),
    ] + [allow_device("c", "rwm", major=major, minor=minor) for major, minor in known]


def seccomp_rule(names, value, operator, value_two=None):
    argument = {"index": 0, "value": value, "op": operator}
    if value_two is not None:
        argument["valueTwo"] = value_two
    return {"names": names, "action": "SCMP_ACT_ALLOW", "args": [argument]}


def seccomp_profile(names):
    personas = [0, 8, 0x20000, 0x20008, 0xFFFFFFFF]
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": [{"names": names, "action": "SCMP_ACT_ALLOW"}]
        + [seccomp_rule(["personality"], persona, "SCMP_CMP_EQ") for persona in personas]
        + [seccomp_rule(["socket"], AF_VSOCK, "SCMP_CMP_NE")]
        + [seccomp_rule(["clone"], NAMESPACE_FLAGS, "SCMP_CMP_MASKED_EQ", 0)]
        + [{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}],
    }


def docker_config(rootfs, files, names, has_controllers):
    config = simple_config(rootfs)
    config["process"]["capabilities"] = capabilities(DOCKER_CAPABILITIES)
    config["process"]["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 2048}]
    for name in BOUND_FILES:
        options = ["rbind", "rprivate"]
        config["mounts"].append(mount(f"/etc/{name}", "bind", f"{files}/{name}", options))
    resources = {"devices": device_rules()}
    if has_controllers:
        resources["memory"] = {"limit": 512 << 20}
        resources["cpu"] = {"shares": 512}
        resources["pids"] = {"limit": 256}
    config["linux"]["resources"] = resources
    config["linux"]["seccomp"] = seccomp_profile(names)
    return config


class Bundles:
    """All in one directory: one rootfs, and a bundle for each container that lives at once."""

    def __init__(self, directory, payload, seccomp_names, has_controllers):
        self.directory = directory
        self.rootfs = f"{directory}/rootfs"
        self.files = f"{directory}/files"
        for name in ("proc", "dev", "sys", "etc", "tmp"):
            os.makedirs(f"{self.rootfs}/{name}")
        os.makedirs(self.files)
        for name in BOUND_FILES:
            for place in (f"{self.rootfs}/etc", self.files):
                with open(f"{place}/{name}", "w", encoding="utf-8") as file:
                    file.write(f"{name}\n")
        shutil.copy(payload, f"{self.rootfs}/payload")
        self.configs = {
            "simple": simple_config(self.rootfs),
            "docker": docker_config(self.rootfs, self.files, seccomp_names, has_controllers),
        }

    def make(self, config, name, waits=False, memory_limit=None):
        """A bundle whose container is called NAME; its payload waits to be killed, or exits."""
        document = copy.deepcopy(self.configs[config])
        document["linux"]["cgroupsPath"] = f"/{name}"
        if waits:
            document["process"]["args"].append("wait")
        if memory_limit is not None:
            document["linux"]["resources"]["memory"] = {"limit": memory_limit}
        path = f"{self.directory}/{config}-{name}"
        os.makedirs(path, exist_ok=True)
        with open(f"{path}/config.json", "w", encoding="utf-8") as file:
            json.dump(document, file)
        return path
