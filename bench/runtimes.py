"""The commands of the runtimes that are compared, and what can be asked of a container."""

import glob
import os
import re
import select
import shutil
import subprocess

DOCKER_CACHE = ".cache"  # crun keeps compiled seccomp filters under its state directory


class Floor:
    """Not a runtime: it only runs, once, what is built into it."""

    label = "floor"

    def __init__(self, program, view, bundles, filter_file):
        self.path = program
        self._view = view
        self._bundles = bundles
        self._filter = filter_file

    def run(self, config, name):
        where = [self._bundles.rootfs, name, self._bundles.files, self._filter]
        return [self.path, config, self._view, *where]


class Runtime:
    def __init__(self, path, state_directory, enter=()):
        self.path = path
        self._enter = list(enter)  # what starts a command where the runtime lives
        self.version = subprocess.run(
            [*enter, path, "--version"], capture_output=True, text=True, check=True
        ).stdout.splitlines()[0]
        name, number = re.match(r"(\S+) version (\S+)", self.version).groups()
        self.name = name
        self.label = name if name == "myrt" else f"{name} {number}"
        self.root = f"{state_directory}/{self.label.replace(' ', '-')}"
        os.makedirs(self.root, exist_ok=True)

    def command(self, *arguments):
        return [self.path, "--root", self.root, *arguments]

    def run(self, bundle, name):
        return self.command("run", "--bundle", bundle, name)

    def create(self, bundle, name, pid_file):
        return self.command("create", "--bundle", bundle, "--pid-file", pid_file, name)

    def forget_filters(self):
        shutil.rmtree(f"{self.root}/{DOCKER_CACHE}", ignore_errors=True)

    def remove(self, name):
        command = self._enter + self.command("delete", "--force", name)
        subprocess.run(command, capture_output=True, check=False)

    def size_bytes(self):
        return os.path.getsize(os.path.realpath(self.path))


def read_pid(pid_file):
    with open(pid_file, encoding="ascii") as file:
        return int(file.read())


def wait_until_dead(pid, seconds=10):
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not select.select([pidfd], [], [], seconds)[0]:
            raise TimeoutError(f"process {pid} is still there")
    finally:
        os.close(pidfd)


def cpu_ms_of(pid):
    """CPU time that a living process has used, all threads."""
    nanoseconds = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as file:
            nanoseconds += int(file.read().split()[0])
    return nanoseconds / 1e6


def memory_kib_of(pid):
    """Its own memory, and the pages of the binary that nobody else has mapped just now.

    Pages of a file that was written a moment ago count as dirty until they are on the disk.
    """
    kinds = {"Private_Dirty": "private dirty", "Private_Clean": "private clean", "Pss": "PSS"}
    result = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            name = line.split(":")[0]
            if name in kinds:
                result[kinds[name]] = int(line.split()[1])
    return result
