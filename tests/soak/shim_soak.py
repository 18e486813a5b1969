"""The soak of containerd's shim: see shim, which has made the sandbox, containerd's configuration and its images."""

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e/cri"))
import grpc  # noqa: E402
from client import Client  # noqa: E402
from shim_leaks import left, measure, parent_of, processes, shims  # noqa: E402

WORK = pathlib.Path(os.environ["WORK"])
SECONDS_LONG = float(os.environ.get("SECONDS_LONG") or 60 * float(os.environ.get("MINUTES") or 3))
WORKERS = int(os.environ.get("WORKERS") or 4)
PODS = int(os.environ.get("PODS") or 3)
SEED = os.environ.get("SEED") or str(random.SystemRandom().randrange(1 << 32))
IMAGE = "docker.io/library/bb:latest"
SOCKET = os.environ["CONTAINERD_ADDRESS"]
# A call that met a kill may fail; after this long nothing of the kill is left to meet.
SHADOW_SECONDS = 30.0
# containerd itself waits for a shim that is dying.
PATIENCE_SECONDS = 120.0
GROWTH_KIB = 300


class Log:
    def __init__(self, path):
        self._file = open(path, "w", encoding="utf-8")
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self.findings, self.counts = [], {}

    def line(self, text):
        with self._lock:
            self._file.write(f"{time.monotonic() - self._began:9.3f} {text}\n")
            self._file.flush()

    def count(self, what):
        with self._lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def finding(self, text):
        self.line(f"FINDING {text}")
        with self._lock:
            self.findings.append(text)


log = Log(os.environ["LOG"])


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class Containerd:
    """Ours, started again whenever it was killed."""

    def __init__(self):
        self._lock = threading.Lock()
        self._process = None
        self.last_kill = -SHADOW_SECONDS
        self.start()

    def start(self):
        with open(WORK / "containerd.log", "ab") as file:
            command = ["containerd", "--config", str(WORK / "containerd.toml")]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)
        self.wait()

    def wait(self):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while ctr("version").returncode != 0:
            if time.monotonic() > deadline:
                sys.exit("shim_soak: containerd does not answer")
            time.sleep(0.2)

    def kill_and_start(self):
        self.last_kill = time.monotonic()
        self._process.kill()
        self._process.wait()
        self.start()
        self.last_kill = time.monotonic()

    def stop(self):
        self._process.terminate()
        self._process.wait()


def ctr(*words):
    return subprocess.run(["ctr", "--namespace", "k8s.io", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


# --- pods


class Pod:
    def __init__(self, client, name):
        self._client = client
        self.name = name
        self.sandbox = self.container = ""
        self._made = 0
        self._config = {
            "metadata": {"name": name, "uid": name, "namespace": "soak"}, "log_directory": str(WORK / "logs"),
            "linux": {"cgroup_parent": "/soak", "security_context": IN_NODE},
        }

    def call(self, method, **values):
        return self._client.call(method, self._client.request_type(method)(**values), PATIENCE_SECONDS)

    def start(self):
        self.sandbox = self.call("RunPodSandbox", config=self._config).pod_sandbox_id
        self.new_container()

    def new_container(self):
        self._made += 1
        config = {
            "metadata": {"name": f"c{self._made}"}, "image": {"image": IMAGE}, "command": ["sleep", "100000"],
            "log_path": f"{self.name}.{self._made}.log", "linux": {"security_context": IN_NODE},
        }
        created = self.call("CreateContainer", pod_sandbox_id=self.sandbox, config=config, sandbox_config=self._config)
        self.container = created.container_id
        self.call("StartContainer", container_id=self.container)

    def replace(self, number):
        self.call("StopContainer", container_id=self.container, timeout=number % 2)
        self.call("RemoveContainer", container_id=self.container)
        self.new_container()

    def execute(self, number):
        command = f"echo {number}; head -c {number} /dev/zero | wc -c >&2; exit {number % 7}"
        answer = self.call("ExecSync", container_id=self.container, cmd=["sh", "-c", command], timeout=60)
        if answer.exit_code == 137:  # its container was killed, which is right after a kill only
            raise Refused(f"exec {number} was killed")
        got = (answer.stdout, answer.stderr, answer.exit_code)
        if got != (b"%d\n" % number, b"%d\n" % number, number % 7):
            log.finding(f"{self.name}: exec {number} answered {got}")

    def pause(self, _):
        for verb in ("pause", "resume"):
            done = ctr("task", verb, self.container)
            if done.returncode != 0:
                raise Refused(f"ctr task {verb}: {done.stderr}")

    def update(self, number):
        self.call("UpdateContainerResources", container_id=self.container, linux={"cpu_shares": 2 + number})

    def stats(self, _):
        self.call("ContainerStats", container_id=self.container)

    def end_from_outside(self, _):
        done = ctr("task", "kill", "--signal", "KILL", self.container)
        if done.returncode != 0:
            raise Refused(f"ctr task kill: {done.stderr}")
        self._wait_for_end()
        self.call("RemoveContainer", container_id=self.container)
        self.new_container()

    def _wait_for_end(self):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.call("ContainerStatus", container_id=self.container).status.state != EXITED:
            if time.monotonic() > deadline:
                raise Refused("the plugin does not hear of the end")
            time.sleep(0.02)

    def remove(self, _=0):
        """Until it is gone: whatever was killed, the kubelet comes back and asks again."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if self.sandbox:
                    self.call("StopPodSandbox", pod_sandbox_id=self.sandbox)
                    self.call("RemovePodSandbox", pod_sandbox_id=self.sandbox)
                return
            except grpc.RpcError as error:
                if time.monotonic() > deadline:
                    log.finding(f"{self.name} cannot be removed: {error.details()}")
                    return
                time.sleep(0.5)


EXITED = 2  # of cri.proto's ContainerState


class Refused(Exception):
    pass


IN_NODE = {"namespace_options": {"network": "NODE", "pid": "CONTAINER"}, "seccomp": {"profile_type": "Unconfined"}}
OPERATIONS = [
    (30, Pod.execute), (10, Pod.pause), (10, Pod.update), (10, Pod.stats), (8, Pod.replace), (4, Pod.end_from_outside), (8, Pod.remove),
]


def words_of(error):
    return error.details() if isinstance(error, grpc.RpcError) else str(error)


class Killer:
    """Kills something every few seconds, but neither the canaries' shims nor their containers."""

    def __init__(self, containerd, spared):
        self._containerd = containerd
        self._spared = spared
        self._random = random.Random(SEED + "killer")
        self.last = -SHADOW_SECONDS

    def run(self, until):
        choices = [(4, "shim"), (3, "job"), (3, "container"), (1, "containerd")]
        while time.monotonic() < until:
            time.sleep(self._random.uniform(0.5, 5))
            what = self._random.choices([name for _, name in choices], [weight for weight, _ in choices])[0]
            self.last = time.monotonic()
            if what == "containerd":
                self._containerd.kill_and_start()
            else:
                pid = self._victim(what)
                if pid == 0:
                    continue
                kill(pid)
            log.line(f"killed a {what}")
            log.count(f"kill {what}")
            self.last = time.monotonic()

    def _victim(self, what):
        serving = set(shims()) - self._spared
        found = {
            "shim": lambda: serving,
            "job": lambda: {pid for pid in processes("containerd-shim") if parent_of(pid) in serving},
            "container": lambda: {pid for pid in processes("sleep") if parent_of(pid) in serving},
        }[what]()
        return self._random.choice(sorted(found)) if found else 0

    def may_be_blamed(self, began):
        return self.last > began - SHADOW_SECONDS


def work(number, killer, until):
    chooser = random.Random(f"{SEED}{number}")
    pods, made = [], 0
    with Client(SOCKET, os.environ["CRI_STUBS"]) as client:
        while time.monotonic() < until:
            began = time.monotonic()
            pod = chooser.choice(pods) if pods else None
            if pod is None or (len(pods) < PODS and chooser.random() < 0.1):
                made += 1
                pod = Pod(client, f"w{number}p{made}")
                pods.append(pod)
                name, action, words = "start", Pod.start, ()
            else:
                action = chooser.choices([entry[1] for entry in OPERATIONS], [entry[0] for entry in OPERATIONS])[0]
                name, words = action.__name__, (chooser.randrange(1, 1000),)
            try:
                action(pod, *words)
                log.count(name)
                log.line(f"{pod.name} {name} ok")
            except (grpc.RpcError, Refused) as error:
                log.count(f"{name}, failed")
                log.line(f"{pod.name} {name}: {words_of(error)}")
                if not killer.may_be_blamed(began):
                    log.finding(f"{pod.name} {name}, with nothing killed: {words_of(error)}")
                action = Pod.remove
                pod.remove()
            if action is Pod.remove:
                pods.remove(pod)
        for pod in pods:
            pod.remove()


# --- the canary, and the end


class Canary:
    """A pod that nobody kills: its shim sees as many calls as the others, and containerd's restarts, and may not grow."""

    def __init__(self, client, name):
        before = set(shims())
        self._pod = Pod(client, name)
        self._pod.start()
        (self.shim,) = set(shims()) - before
        for number in range(1, 50):  # what it needs at most
            self._pod.execute(number)
        time.sleep(2)
        self._before = measure(self.shim)
        self.uses = 0

    def use(self, chooser, containerd):
        began = time.monotonic()
        # Not paused: a plugin that starts and finds a paused container no longer knows its state.
        action = chooser.choice([Pod.execute, Pod.execute, Pod.update, Pod.stats])
        try:
            action(self._pod, chooser.randrange(1, 1000))
            self.uses += 1
        except (grpc.RpcError, Refused) as error:
            log.line(f"canary {action.__name__}: {words_of(error)}")
            if containerd.last_kill < began - SHADOW_SECONDS:
                log.finding(f"canary: {action.__name__}: {words_of(error)}")

    def check(self):
        time.sleep(5)
        if not os.path.exists(f"/proc/{self.shim}"):
            log.finding("the canary's shim is gone")
            return "gone"
        after = measure(self.shim)
        # A connection of containerd's or two, and their watches.
        grown = after["fds"] > self._before["fds"] + 3 or after["private KiB"] > self._before["private KiB"] + GROWTH_KIB
        if grown or after["threads"] != self._before["threads"]:
            log.finding(f"the canary's shim has grown: {self._before} -> {after}")
        return f"{self.uses} uses of a canary: {self._before} -> {after}"

    def remove(self):
        self._pod.remove()


def delete_everything():
    """What containerd has forgotten to tell, being killed, is deleted as an administrator would."""
    with Client(SOCKET, os.environ["CRI_STUBS"]) as client:
        for item in client.call("ListPodSandbox", client.request_type("ListPodSandbox")()).items:
            pod = Pod(client, item.id)
            pod.sandbox = item.id
            pod.remove()
    for _ in range(5):
        for line in ctr("task", "list", "--quiet").stdout.split():
            ctr("task", "delete", "--force", line)
    for line in ctr("container", "list", "--quiet").stdout.split():
        ctr("container", "delete", line)


def nothing_is_left():
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left() and time.monotonic() < deadline:
        time.sleep(0.5)
    for thing in left():
        log.finding(f"left: {thing}")


def main():
    containerd = Containerd()
    with Client(SOCKET, os.environ["CRI_STUBS"]) as client:
        canary = Canary(client, "canary")
        until = time.monotonic() + SECONDS_LONG
        killer = Killer(containerd, {canary.shim})
        threads = [threading.Thread(target=killer.run, args=(until,))]
        threads += [threading.Thread(target=work, args=(number, killer, until)) for number in range(WORKERS)]
        for thread in threads:
            thread.start()
        chooser = random.Random(SEED + "canary")
        while any(thread.is_alive() for thread in threads):
            canary.use(chooser, containerd)
        report = canary.check()
        canary.remove()
    delete_everything()
    # As it starts it removes what a killed one has not.
    containerd.kill_and_start()
    delete_everything()
    nothing_is_left()
    containerd.stop()
    print(f"{SECONDS_LONG:.0f} s, {WORKERS} workers, seed {SEED}")
    print(report)
    for name, count in sorted(log.counts.items()):
        print(f"{count:7} {name}")
    for text in log.findings[:50]:
        print(f"FINDING {text}")
    print(f"{len(log.findings)} findings")
    sys.exit(1 if log.findings else 0)


main()
