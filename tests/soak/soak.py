"""The soak: see run. Inside in-private, as its only process beside the sandbox's own."""

import collections
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time
from typing import Dict, List, NamedTuple, Optional

import leaks
import operations

WORK = pathlib.Path(os.environ["MYRT_PRIVATE_DIR"])
SOURCE = pathlib.Path(__file__).resolve().parents[2]
SECONDS_LONG = float(os.environ.get("SECONDS_LONG") or 60 * float(os.environ.get("MINUTES") or 1))
WORKERS = int(os.environ.get("WORKERS") or 8)
SEED = os.environ.get("SEED") or str(random.SystemRandom().randrange(1 << 32))
# No command may take longer, however loaded the machine is; a foreground one is ended much earlier.
BOUND_SECONDS = 120.0
FOREGROUND_SECONDS = 3.0
KILL_SHARE = 1 / 6
ROOTLESS_UID = 1000


class User(NamedTuple):
    """One who has containers: root, or an ordinary user without any right on the host."""

    name: str
    uid: int
    root: pathlib.Path
    bundles: List[pathlib.Path]
    pool: List[str]


class Outcome(NamedTuple):
    status: Optional[int]  # None: we killed the runtime
    seconds: float
    error: str
    stuck: bool


class Log:
    def __init__(self, path: str) -> None:
        self._file = open(path, "w", encoding="utf-8")
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self.findings: List[str] = []

    def line(self, text: str) -> None:
        with self._lock:
            self._file.write(f"{time.monotonic() - self._began:10.3f} {text}\n")
            self._file.flush()

    def finding(self, text: str) -> None:
        self.line(f"FINDING {text}")
        with self._lock:
            self.findings.append(text)


# --- containers to play with


def make_rootfs(directory: pathlib.Path) -> None:
    for name in ["bin", "dev", "etc", "proc", "root", "sys", "tmp"]:
        (directory / name).mkdir(parents=True)
    busybox = shutil.which("busybox")
    assert busybox, "no busybox"
    shutil.copy(busybox, directory / "bin/busybox")
    subprocess.run([directory / "bin/busybox", "--install", directory / "bin"], check=True)


SHELLS = {
    "sleeps": "exec sleep 1000000",
    "ends": "exit 3",
    "deaf": "trap '' TERM USR1; while :; do sleep 0.05; done",
    "forks": "for i in 1 2 3 4 5; do sleep 1000 & done; sleep 0.3; exec sleep 1000",
    "orphans": "(sleep 0.2 & sleep 1000 &); exec sleep 0.4",
    "missing": None,
}


def configuration(rootfs: pathlib.Path, name: str, uid: int) -> dict:
    config = json.loads((SOURCE / "tests/integration/config.json").read_text())
    shell = SHELLS[name]
    config["root"]["path"] = str(rootfs)
    config["process"]["args"] = ["sh", "-c", shell] if shell else ["no-such-program"]
    del config["linux"]["cgroupsPath"]
    if uid == 0:
        if leaks.has_pids_controller():
            config["linux"]["resources"] = {"pids": {"limit": 100}}
        if name == "forks":
            config["hooks"] = {"poststart": [{"path": "/bin/true"}], "poststop": [{"path": "/bin/true"}]}
        if name == "deaf":
            config["linux"]["seccomp"] = {
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [{"names": ["mknod"], "action": "SCMP_ACT_ERRNO"}],
            }
        return config
    identity = [{"containerID": 0, "hostID": uid, "size": 1}]
    config["linux"].update(uidMappings=identity, gidMappings=identity)
    config["linux"]["namespaces"].append({"type": "user"})
    config["mounts"] = [mount for mount in config["mounts"] if mount["type"] not in ("sysfs", "mqueue")]
    for mount in config["mounts"]:
        mount["options"] = [option for option in mount.get("options", []) if option != "gid=5"]
    return config


def make_user(name: str, uid: int, count: int) -> User:
    home = WORK / name
    home.mkdir()
    make_rootfs(home / "rootfs")
    bundles = []
    for shell in SHELLS:
        bundle = home / shell
        bundle.mkdir()
        (bundle / "config.json").write_text(json.dumps(configuration(home / "rootfs", shell, uid)))
        bundles.append(bundle)
    (home / "state").mkdir(mode=0o700)
    if uid != 0:
        for path in [home, *home.rglob("*")]:
            os.chown(path, uid, uid, follow_symlinks=False)
    return User(name, uid, home / "state", bundles, [f"{name}-{i}" for i in range(count)])


# --- one command


class Runner:
    """Runs commands of one worker; what they print goes to files, which containers may keep open."""

    def __init__(self, runtime: pathlib.Path, name: str) -> None:
        self._runtime = runtime
        self._errors = WORK / f"{name}.err"

    def run(self, user: User, words: List[str], patience: float, kill_after: Optional[float] = None) -> Outcome:
        began = time.monotonic()
        command = [self._runtime, "--root", user.root, *words]
        with open(self._errors, "w+b") as errors:
            os.chmod(self._errors, 0o666)
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                user=user.uid, group=user.uid, extra_groups=[], cwd="/",
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
            status: Optional[int]
            stuck = False
            try:
                status = process.wait(patience if kill_after is None else kill_after)
            except subprocess.TimeoutExpired:
                stuck = kill_after is None
                process.kill()
                process.wait()
                status = None
            seconds = time.monotonic() - began
            errors.seek(0)
            return Outcome(status, seconds, errors.read(2000).decode(errors="replace").strip(), stuck)


# --- workers


class Tally:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: Dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
        self.slowest: Dict[str, float] = collections.defaultdict(float)

    def add(self, name: str, kind: str, seconds: float) -> None:
        with self.lock:
            self.counts[name][kind] += 1
            self.slowest[name] = max(self.slowest[name], seconds)


def judge(operation: operations.Operation, outcome: Outcome) -> str:
    if outcome.stuck:
        return "ended" if operation.foreground else "STUCK"
    if outcome.status is None:
        return "killed"
    if outcome.status == 0:
        return "ok"
    if outcome.status < 0:
        return "WRONG"  # it died of a signal
    if any(reason in outcome.error for reason in operations.REFUSALS):
        return "refused"
    if "level=error" not in outcome.error and (operation.foreground or operation.judges):
        return "ok"  # the program's own status
    return "WRONG"


def worker(number: int, runtime: pathlib.Path, users: List[User], until: float, tally: Tally, log: Log) -> None:
    chance = random.Random(f"{SEED}-{number}")
    runner = Runner(runtime, f"worker-{number}")
    weights = [operation.weight for operation in operations.OPERATIONS]
    while time.monotonic() < until:
        user = users[0] if chance.random() < 0.7 else users[-1]
        operation = chance.choices(operations.OPERATIONS, weights)[0]
        words = operation.words(chance, chance.choice(user.pool), str(chance.choice(user.bundles)))
        # From before main to after the end, and every part of it alike.
        kill_after = 10 ** chance.uniform(-4, -0.8) if chance.random() < KILL_SHARE else None
        if operation.root_only and user.uid != 0:
            continue
        outcome = runner.run(user, words, FOREGROUND_SECONDS if operation.foreground else BOUND_SECONDS, kill_after)
        kind = judge(operation, outcome)
        tally.add(operation.name, kind, outcome.seconds)
        text = f"{number} {user.name} {' '.join(words)}: {kind} {outcome.status} {outcome.seconds * 1000:.1f} ms {outcome.error!r}"
        log.finding(text) if kind.isupper() else log.line(text)


# --- the end


def delete_all(runner: Runner, users: List[User], tally: Tally, log: Log) -> None:
    for user in users:
        for container in sorted(set(os.listdir(user.root)) - set(leaks.CANARIES)):
            outcome = runner.run(user, ["delete", "--force", container], BOUND_SECONDS)
            tally.add("final delete --force", "ok" if outcome.status == 0 else "STUCK", outcome.seconds)
            if outcome.status != 0:
                log.finding(f"delete --force {container} of {user.name}: {outcome}")


def print_table(tally: Tally) -> None:
    kinds = ["ok", "refused", "killed", "ended", "STUCK", "WRONG"]
    print(f"{'operation':22}" + "".join(f"{kind:>9}" for kind in kinds) + f"{'slowest':>12}")
    total: collections.Counter = collections.Counter()
    for name, counts in tally.counts.items():
        total.update(counts)
        print(f"{name:22}" + "".join(f"{counts[kind]:9}" for kind in kinds) + f"{tally.slowest[name] * 1000:9.0f} ms")
    print(f"{'all':22}" + "".join(f"{total[kind]:9}" for kind in kinds) + f"{max(tally.slowest.values()) * 1000:9.0f} ms")


def main() -> int:
    log = Log(os.environ["LOG"])
    runtime = WORK / "myrt"
    shutil.copy(os.environ["RUNTIME"], runtime)
    users = [make_user("root", 0, 2 * WORKERS), make_user("user", ROOTLESS_UID, WORKERS)]
    tally = Tally()
    main_runner = Runner(runtime, "main")
    pristine = leaks.snapshot(WORK)
    canaries = leaks.Canaries(main_runner, users[0])
    before = leaks.snapshot(WORK)
    began = time.monotonic()
    until = began + SECONDS_LONG
    print(f"soak: seed {SEED}, {WORKERS} workers, {SECONDS_LONG:.0f} s, cgroup view {os.environ['MYRT_PRIVATE_VIEW']}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        jobs = [pool.submit(worker, i, runtime, users, until, tally, log) for i in range(WORKERS)]
        while not all(job.done() for job in jobs):
            canaries.use(log)
            time.sleep(0.2)
        for job in jobs:
            job.result()
    took = time.monotonic() - began
    delete_all(main_runner, users, tally, log)
    canaries.check(log)
    for text in leaks.difference(before, lambda: leaks.snapshot(WORK)):
        log.finding(f"left behind: {text}")
    canaries.delete(log)
    for text in leaks.difference(pristine, lambda: leaks.snapshot(WORK)):
        log.finding(f"left behind of the canaries: {text}")
    print_table(tally)
    print(f"{took:.0f} s; {canaries.summary()}")
    for text in log.findings[:50]:
        print(f"finding: {text}")
    print(f"soak: {len(log.findings)} findings")
    return 1 if log.findings else 0


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    sys.exit(main())
