// Valid documents that between them have every property that myrt reads.
#pragma once

#include <string>

namespace myrt::oci {

inline constexpr const char* kProcessConfig = R"({
  "ociVersion": "1.2.1",
  "root": {"path": "/srv/rootfs", "readonly": true},
  "hostname": "web", "domainname": "example.org",
  "annotations": {"org.example.a": "1", "org.example.b": ""},
  "mounts": [{"destination": "/data", "type": "none", "source": "/srv/data",
    "options": ["rbind", "ro"],
    "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
    "gidMappings": [{"containerID": 1, "hostID": 2000, "size": 20}]}],
  "process": {"terminal": true, "consoleSize": {"height": 24, "width": 80},
    "user": {"uid": 1, "gid": 2, "umask": 18, "additionalGids": [5, 6]},
    "args": ["/bin/server", "-x"], "env": ["A=1", "A=2"], "cwd": "/srv",
    "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_CHOWN"],
      "inheritable": ["CAP_FOWNER"], "permitted": ["CAP_SETUID"], "ambient": ["CAP_SETGID"]},
    "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 512, "hard": 1024}],
    "noNewPrivileges": true, "apparmorProfile": "p", "selinuxLabel": "l", "oomScoreAdj": -5,
    "scheduler": {"policy": "SCHED_DEADLINE", "nice": 1, "flags": ["SCHED_FLAG_RECLAIM"],
      "runtime": 1, "deadline": 2, "period": 3},
    "ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 7},
    "execCPUAffinity": {"initial": "0", "final": "1-2"}},
  "hooks": {"prestart": [{"path": "/a"}], "createRuntime": [{"path": "/b", "env": []}],
    "createContainer": [{"path": "/c", "args": ["c", "1"]}],
    "startContainer": [{"path": "/d", "env": ["X=1"]}],
    "poststart": [{"path": "/e", "timeout": 3}], "poststop": [{"path": "/f"}, {"path": "/g"}]},
  "linux": {"namespaces": [{"type": "uts"}]}
})";

inline constexpr const char* kLinuxConfig = R"({
  "ociVersion": "1.3.0", "root": {"path": "r"},
  "linux": {
    "namespaces": [{"type": "pid"}, {"type": "network", "path": "/n"}, {"type": "mount"},
      {"type": "ipc"}, {"type": "uts"}, {"type": "user"}, {"type": "cgroup"}, {"type": "time"}],
    "uidMappings": [{"containerID": 0, "hostID": 1, "size": 2}],
    "gidMappings": [{"containerID": 3, "hostID": 4, "size": 5}],
    "timeOffsets": {"monotonic": {"secs": -7, "nanosecs": 8}},
    "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438,
      "uid": 1, "gid": 2}, {"path": "/run/fifo", "type": "p"}],
    "netDevices": {"eth0": {"name": "web0"}, "eth1": {}},
    "cgroupsPath": "/a/b",
    "intelRdt": {"closID": "gold", "schemata": ["L3:0=f"], "l3CacheSchema": "L3:0=1",
      "memBwSchema": "MB:0=50", "enableMonitoring": true},
    "sysctl": {"net.core.somaxconn": "256"},
    "rootfsPropagation": "slave", "maskedPaths": ["/m"], "readonlyPaths": ["/r"],
    "mountLabel": "x", "personality": {"domain": "LINUX32"},
    "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0-1", "flags": ["MPOL_F_STATIC_NODES"]},
    "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
      "architectures": ["SCMP_ARCH_X86_64"], "flags": ["SECCOMP_FILTER_FLAG_LOG"],
      "listenerPath": "/run/agent", "listenerMetadata": "m",
      "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW",
        "args": [{"index": 1, "value": 2, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ"}]},
        {"names": ["mount"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}
  }
})";

inline constexpr const char* kResources = R"({
  "devices": [{"allow": true, "type": "b", "major": 8, "minor": 1, "access": "rw"}],
  "memory": {"limit": 100, "reservation": 50, "swap": 200, "kernel": 3, "kernelTCP": 4,
    "swappiness": 5, "disableOOMKiller": true, "useHierarchy": false, "checkBeforeUpdate": true},
  "cpu": {"shares": 1, "quota": 20, "burst": 3, "period": 4, "realtimeRuntime": 5,
    "realtimePeriod": 6, "cpus": "0-1", "mems": "0", "idle": 1},
  "pids": {"limit": -1},
  "blockIO": {"weight": 10, "leafWeight": 11,
    "weightDevice": [{"major": 8, "minor": 0, "weight": 500, "leafWeight": 300}],
    "throttleReadBpsDevice": [{"major": 1, "minor": 2, "rate": 3}],
    "throttleWriteBpsDevice": [{"major": 4, "minor": 5, "rate": 6}],
    "throttleReadIOPSDevice": [{"major": 7, "minor": 8, "rate": 9}],
    "throttleWriteIOPSDevice": [{"major": 10, "minor": 11, "rate": 12}]},
  "hugepageLimits": [{"pageSize": "2MB", "limit": 7}],
  "network": {"classID": 9, "priorities": [{"name": "eth0", "priority": 4}]},
  "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 4}},
  "unified": {"memory.high": "1"}
})";

// kResources as part of a config.
inline std::string config_with_resources() {
  return std::string(R"({"ociVersion": "1.3.0", "root": {"path": "r"}, "linux": {"resources": )") +
         kResources + "}}";
}

}  // namespace myrt::oci
