"""What needs to be taken only once: system calls, sizes, memory."""

import ctypes
import os
import subprocess
import time

from runtimes import Runtime, memory_kib_of, read_pid, wait_until_dead

MS_BIND = 4096
MNT_DETACH = 2
LIVING = "once"
COMMAND_SECONDS = 30
PAYLOAD_SYSCALLS = 1
LIMITS_KIB = (64, 65536)
LIMIT_TRIES = 5  # what a process is charged for depends on what its CPU has in stock


class HostMounts:
    """So many mounts in the namespace that the runtime starts in."""

    def __init__(self, directory, count):
        self._points = [f"{directory}/{number}" for number in range(count)]
        self._libc = ctypes.CDLL(None, use_errno=True)

    def __enter__(self):
        for point in self._points:
            os.makedirs(point)
            path = point.encode()
            if self._libc.mount(path, path, None, MS_BIND, None) != 0:
                raise OSError(ctypes.get_errno(), "mount", point)

    def __exit__(self, *_):
        for point in self._points:
            self._libc.umount2(point.encode(), MNT_DETACH)


def quietly(command, **options):
    null = subprocess.DEVNULL
    return subprocess.run(
        command, stdin=null, stdout=null, stderr=null, timeout=COMMAND_SECONDS, **options
    )


def total_calls(summary):
    with open(summary, encoding="ascii") as file:
        for line in file:
            if line.rstrip().endswith("total"):
                return int(line.split()[3])
    raise ValueError(f"no total in {summary}")


def count_syscalls(work, command):
    summary = f"{work}/strace"
    quietly(["strace", "-f", "-c", "-o", summary, *command], check=True)
    return total_calls(summary)


def wait_until_created(runtime):
    deadline = time.monotonic() + COMMAND_SECONDS
    while time.monotonic() < deadline:
        command = runtime.command("state", LIVING)
        state = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        if '"created"' in state:
            return
        time.sleep(0.02)
    raise TimeoutError(f"{runtime.label}: create under strace")


def life_syscalls(runtime, bundle, work):
    """create and start are counted together, with what init does in both."""
    summary = f"{work}/strace-create"
    pid_file = f"{work}/pid-once"
    create = runtime.create(bundle, LIVING, pid_file)
    null = subprocess.DEVNULL
    tracer = subprocess.Popen(
        ["strace", "-f", "-c", "-o", summary, *create], stdin=null, stdout=null, stderr=null
    )
    wait_until_created(runtime)
    counts = {}
    for operation, arguments in {
        "--version": ("--version",),
        "state": ("state", LIVING),
        "start": ("start", LIVING),
        "kill": ("kill", LIVING, "KILL"),
    }.items():
        counts[operation] = count_syscalls(work, runtime.command(*arguments))
    wait_until_dead(read_pid(pid_file))
    tracer.wait(COMMAND_SECONDS)
    counts["create, and init until execve"] = total_calls(summary) - PAYLOAD_SYSCALLS
    counts["delete"] = count_syscalls(work, runtime.command("delete", LIVING))
    return counts


def exec_syscalls(runtime, bundle, work):
    quietly(runtime.command("run", "--detach", "--bundle", bundle, LIVING), check=True)
    count = count_syscalls(work, runtime.command("exec", LIVING, "/payload")) - PAYLOAD_SYSCALLS
    runtime.remove(LIVING)
    return count


def syscalls_of(runtime, bundles, work):
    waiting = bundles.make("simple", LIVING, waits=True)
    counts = life_syscalls(runtime, waiting, work)
    counts["exec"] = exec_syscalls(runtime, waiting, work)
    for config in ("simple", "docker"):
        command = runtime.run(bundles.make(config, LIVING), LIVING)
        counts[f"run {config}"] = count_syscalls(work, command) - PAYLOAD_SYSCALLS
    return counts


def blocked_init_kib(runtime, bundles, work):
    pid_file = f"{work}/pid-once"
    quietly(runtime.create(bundles.make("simple", LIVING), LIVING, pid_file), check=True)
    memory = memory_kib_of(read_pid(pid_file))
    runtime.remove(LIVING)
    return memory


def smallest_memory_kib(runtime, bundles):
    """Of the limits under which the simple container runs every time, to 1/32."""
    fails, works = LIMITS_KIB
    while works - fails > max(4, fails // 32):
        limit = (fails + works) // 2
        bundle = bundles.make("simple", LIVING, memory_limit=limit * 1024)
        if all(runs_at_all(runtime, bundle) for _ in range(LIMIT_TRIES)):
            works = limit
        else:
            fails = limit
    return works


def runs_at_all(runtime, bundle):
    try:
        return quietly(runtime.run(bundle, LIVING), check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        runtime.remove(LIVING)


def collect(floor, runtimes, bundles, work, quick, view):
    syscalls, initial, smallest, sizes, versions = {}, {}, {}, {}, {}
    for config in ("simple", "docker"):
        command = floor.run(config, LIVING)
        calls = count_syscalls(work, command) - PAYLOAD_SYSCALLS
        syscalls.setdefault(floor.label, {})[f"run {config}"] = calls
    for runtime in runtimes:
        runtime: Runtime
        label = runtime.label
        syscalls[label] = syscalls_of(runtime, bundles, work)
        initial[label] = blocked_init_kib(runtime, bundles, work)
        sizes[label] = runtime.size_bytes()
        versions[label] = runtime.version
        if view == "v1" and not quick:
            smallest[label] = smallest_memory_kib(runtime, bundles)
    return {
        "syscalls": syscalls,
        "blocked_init_kib": initial,
        "smallest_memory_kib": smallest,
        "binary_bytes": sizes,
        "versions": versions,
    }
