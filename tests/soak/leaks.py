"""What could be left behind: cgroups, mounts, processes, files; and whether containers that nobody deletes stay as they are."""

import json
import os
import pathlib
import time
from typing import Callable, Dict, Iterator, List, Set

CGROUPS = "/sys/fs/cgroup"
CANARIES = ["canary-created", "canary-running"]
PATIENCE_SECONDS = 20.0  # what was killed takes a while to die on a loaded machine


def has_pids_controller() -> bool:
    controllers = pathlib.Path(CGROUPS, "cgroup.controllers")
    return "pids" in controllers.read_text().split() if controllers.exists() else True


def _cgroups() -> Set[str]:
    return {f"cgroup {path}" for path, _, _ in os.walk(CGROUPS)}


def _mounts() -> Set[str]:
    lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    return {f"mount {' '.join(line.split()[3:5])} {line.split()[0]}" for line in lines}


def _processes() -> Set[str]:
    found = set()
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            stat = pathlib.Path(f"/proc/{name}/stat").read_text()
        except OSError:
            continue  # gone meanwhile
        found.add(f"process {name} {stat[stat.index('('):stat.rindex(')') + 1]}")
    return found


def _files(work: pathlib.Path) -> Set[str]:
    found = set()
    for top in [work, pathlib.Path("/run")]:
        for path, directories, files in os.walk(top):
            directories[:] = [name for name in directories if name != "rootfs"]
            found.update(f"file {os.path.join(path, name)}" for name in [*directories, *files] if not name.endswith(".err"))
    return found


def _own_descriptors() -> Set[str]:
    return {f"descriptor {len(os.listdir('/proc/self/fd'))}"}


def snapshot(work: pathlib.Path) -> Set[str]:
    return _cgroups() | _mounts() | _processes() | _files(work) | _own_descriptors()


def difference(before: Set[str], again: Callable[[], Set[str]]) -> List[str]:
    """What is there now and was not, once it has had the time to go."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        left = sorted(again() - before)
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def _memory_kib(pid: int) -> Dict[str, int]:
    values = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("VmRSS", "VmSize", "RssAnon"):
            values[name] = int(rest.split()[0])
    return values


class Canaries:
    """One container that waits to be started and one that runs, for as long as the soak lasts: everybody's commands look at
    them, some change the second, and neither may grow."""

    def __init__(self, runner, user) -> None:
        self._runner = runner
        self._user = user
        self._uses = 0
        self._turn: Iterator[List[str]] = iter(())
        bundle = str(next(path for path in user.bundles if path.name == "sleeps"))
        self._must(["create", "--bundle", bundle, "canary-created"])
        self._must(["run", "--detach", "--bundle", bundle, "canary-running"])
        self._before = self._measure()
        self._after = self._before

    def _must(self, words: List[str]) -> None:
        outcome = self._runner.run(self._user, words, 120.0)
        assert outcome.status == 0, outcome

    def _pid(self, name: str) -> int:
        return json.loads((self._user.root / name / "container.json").read_text())["pid"]

    def _measure(self) -> Dict[str, Dict[str, int]]:
        measured = {}
        for name in CANARIES:
            pid = self._pid(name)
            measured[name] = _memory_kib(pid) | {"fds": len(os.listdir(f"/proc/{pid}/fd"))}
        return measured

    def use(self, log) -> None:
        commands = [
            ["state", "canary-created"], ["state", "canary-running"], ["exec", "canary-running", "true"],
            ["pause", "canary-running"], ["resume", "canary-running"], ["events", "--stats", "canary-running"],
            ["update", "--pids-limit", "60", "canary-running"], ["ps", "canary-running"], ["effective", "canary-running"],
            ["kill", "canary-running", "0"],
        ]
        outcome = self._runner.run(self._user, commands[self._uses % len(commands)], 120.0)
        # effective: 1 where the kernel rounds what was asked for; update: there may be no controller.
        wrong = outcome.status != 0 and "the cgroup does not have it" not in outcome.error
        if wrong and commands[self._uses % len(commands)][0] != "effective":
            log.finding(f"canary: {commands[self._uses % len(commands)]}: {outcome}")
        self._uses += 1

    def check(self, log) -> None:
        self._after = self._measure()
        for name, after in self._after.items():
            before = self._before[name]
            if after["fds"] != before["fds"] or after["VmSize"] != before["VmSize"]:
                log.finding(f"{name} has changed: {before} -> {after}")
            if after["RssAnon"] > before["RssAnon"] + 64:
                log.finding(f"{name} has grown: {before} -> {after}")

    def delete(self, log) -> None:
        for name in CANARIES:
            outcome = self._runner.run(self._user, ["delete", "--force", name], 120.0)
            if outcome.status != 0:
                log.finding(f"delete --force {name}: {outcome}")

    def summary(self) -> str:
        parts = []
        for name, after in self._after.items():
            before = self._before[name]
            parts.append(f"{name} {before['VmRSS']} -> {after['VmRSS']} KiB, {before['fds']} -> {after['fds']} fds")
        return f"{self._uses} uses of two canaries: " + "; ".join(parts)
