"""What containerd, its shims and their containers could leave behind, and what a shim uses."""

import contextlib
import os
import pathlib


def processes(name):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "comm").read_text() == name + "\n":
                found.append(int(entry.name))
    return found


def parent_of(pid):
    with contextlib.suppress(OSError):
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def shims():
    """Those that serve; not their jobs, and not what containerd executes to start one or to clean up."""
    found = []
    for pid in processes("containerd-shim"):
        with contextlib.suppress(OSError):
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"delete" not in words and parent_of(pid) == 1:
                found.append(pid)
    return found


def measure(pid):
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return {"fds": len(os.listdir(f"/proc/{pid}/fd")), "private KiB": int(status["RssAnon"].split()[0]), "threads": int(status["Threads"])}


def left():
    found = [f"shim {pid}" for pid in processes("containerd-shim")]
    found += [f"process {pid}" for pid in processes("sleep")]
    mounts = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    found += [f"mount {line.split()[4]}" for line in mounts if "/io.containerd.runtime.v2.task/" in line or "/sandboxes/" in line]
    found += [f"cgroup {path}" for path, _, _ in os.walk("/sys/fs/cgroup") if "/soak/" in path]
    for directory in ("/run/containerd/s", "/run/containerd/runc/k8s.io", "/run/containerd/io.containerd.runtime.v2.task/k8s.io"):
        with contextlib.suppress(FileNotFoundError):
            found += [f"{directory}/{name}" for name in os.listdir(directory)]
    return found
