"""The measurements of shim.sh, which starts the containerd: ctr's own containers, and pods as the kubelet has them."""

import concurrent.futures
import contextlib
import datetime
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e/cri"))
from client import Client  # noqa: E402

IMAGE = "docker.io/library/bb:latest"
SHIM = os.environ["SHIM"]
CONTAINERD = int(os.environ["CONTAINERD_PID"])
WORK = pathlib.Path(os.environ["WORK"])
PODS, PROBES, RUNS = (int(os.environ.get(name) or default) for name, default in (("PODS", 100), ("PROBES", 1000), ("RUNS", 30)))
SETTLE_SECONDS = 3  # what start-up has freed is given back by then
PATIENCE_SECONDS = 60
HZ = os.sysconf("SC_CLK_TCK")
BEGIN_MARK, END_MARK = "<!-- bench/shim.sh begins -->", "<!-- bench/shim.sh ends -->"


def until(holds):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            sys.exit(f"bench: waited in vain for {holds.__name__}")
        time.sleep(0.05)


def ctr(*words):
    return subprocess.run(["ctr", *words], check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout


# --- processes


def shims():
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "comm").read_text() == "containerd-shim\n":
                found.append(int(entry.name))
    return found


def no_shim_is_left():
    return not shims()


def field(pid, file, name):
    for line in pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    sys.exit(f"bench: no {name} in {file}")


def memory_of(pids):
    """Resident, private (anonymous) and proportional, all together in MB."""
    fields = [("status", "VmRSS"), ("status", "RssAnon"), ("smaps_rollup", "Pss")]
    return [sum(field(pid, *which) for pid in pids) / 1000 for which in fields]


def cpu_of(pids):
    """Of the processes and of all children that they have reaped, in ms."""
    total = 0
    for pid in pids:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, stat[11:15]))
    return total * 1000 / HZ


def counted(*operation):
    """Processes made and programs executed by containerd and everything below it; a thread is no process."""
    trace = WORK / "trace"
    targets = [word for pid in [CONTAINERD, *shims()] for word in ("-p", str(pid))]
    command = ["strace", "-f", "-qq", "-e", "trace=clone,clone3,fork,vfork,execve,execveat", "-o", str(trace), *targets]
    tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    pids = [CONTAINERD, *shims()]

    def all_are_traced():
        return all(field(task.name, "status", "TracerPid") != 0 for pid in pids for task in pathlib.Path(f"/proc/{pid}/task").iterdir())

    until(all_are_traced)
    operation[0](*operation[1:])
    time.sleep(1)  # what comes after the answer, as containerd's clean-up, belongs to it
    tracer.send_signal(signal.SIGINT)
    tracer.wait()
    calls = [line for line in trace.read_text().splitlines() if "resumed>" not in line]
    made = [line for line in calls if re.search(r" (clone|clone3|fork|vfork)\(", line) and "CLONE_THREAD" not in line]
    executed = [line for line in calls if re.search(r" execve(at)?\(", line)]
    failed = [line for line in executed if re.search(r"= -1 ", line)]
    return [len(made), len(executed) - len(failed)]


# --- containers of ctr


class Ctr:
    def __init__(self, name):
        path = subprocess.run(["sh", "-c", 'command -v "$0"', name], capture_output=True, text=True, check=False).stdout.strip()
        self._runtime = ["--runtime", SHIM] if name == "myrt" else ["--runc-binary", path]

    def run(self, identity, *options):
        ctr("run", "-d", "--null-io", *self._runtime, *options, IMAGE, identity, "sleep", "100000")

    def run_and_remove(self, identity):
        ctr("run", "--rm", "--null-io", *self._runtime, IMAGE, identity, "true")

    def execute(self, identity):
        ctr("task", "exec", "--exec-id", "probe", identity, "true")

    def kill(self, identity):
        ctr("task", "kill", "-s", "KILL", identity)

        def it_has_stopped():
            return re.search(rf"^{identity} .*STOPPED", ctr("task", "list"), re.MULTILINE)

        until(it_has_stopped)

    def delete(self, identity):
        subprocess.run(["ctr", "task", "delete", identity], check=False, capture_output=True)  # its status is the task's

    def remove(self, identity):
        self.kill(identity)
        self.delete(identity)
        ctr("container", "delete", identity)


def measure_ctr(name, result):
    tool = Ctr(name)
    tool.run("warm")
    result["create and start"] = counted(tool.run, "one")
    tool.execute("one")
    result["exec"] = counted(tool.execute, "one")
    result["kill"] = counted(tool.kill, "one")
    result["delete"] = counted(tool.delete, "one")
    ctr("container", "delete", "one")
    tool.remove("warm")
    until(no_shim_is_left)

    tool.run("one")
    time.sleep(SETTLE_SECONDS)
    result["one"] = memory_of(shims())
    tool.remove("one")
    until(no_shim_is_left)

    for i in range(4):
        tool.run(f"pod{i}", "--annotation", "io.containerd.runc.v2.group=pod")
    time.sleep(SETTLE_SECONDS)
    assert len(shims()) == 1, shims()
    result["four"] = memory_of(shims())
    for i in reversed(range(4)):
        tool.remove(f"pod{i}")
    until(no_shim_is_left)

    result["run"] = statistics.median(timed(tool.run_and_remove, f"r{i}") for i in range(RUNS))


def timed(action, *words):
    """In ms."""
    began = time.monotonic()
    action(*words)
    return (time.monotonic() - began) * 1000


# --- pods


class Kubelet:
    def __init__(self, client, handler):
        self._client = client
        self._handler = handler
        self._logs = WORK / "logs"
        self._logs.mkdir(exist_ok=True)

    def _call(self, method, **values):
        return self._client.call(method, self._client.request_type(method)(**values))

    def start_pod(self, name):
        """A pod of one container beside its pause container, in the node's network. Returns both ids."""
        in_node = {"namespace_options": {"network": "NODE", "pid": "CONTAINER"}, "seccomp": {"profile_type": "Unconfined"}}
        pod = {
            "metadata": {"name": name, "uid": name, "namespace": "bench"}, "log_directory": str(self._logs),
            "linux": {"cgroup_parent": "/bench", "security_context": in_node},
        }
        sandbox = self._call("RunPodSandbox", config=pod, runtime_handler=self._handler).pod_sandbox_id
        container = {
            "metadata": {"name": "one"}, "image": {"image": IMAGE}, "command": ["sleep", "100000"], "log_path": f"{name}.log",
            "linux": {"security_context": in_node},
        }
        created = self._call("CreateContainer", pod_sandbox_id=sandbox, config=container, sandbox_config=pod).container_id
        self._call("StartContainer", container_id=created)
        return sandbox, created

    def probe(self, container):
        answer = self._call("ExecSync", container_id=container, cmd=["true"], timeout=30)
        assert answer.exit_code == 0, answer

    def remove_pod(self, sandbox):
        self._call("StopPodSandbox", pod_sandbox_id=sandbox)
        self._call("RemovePodSandbox", pod_sandbox_id=sandbox)


def measure_pods(name, client, result):
    kubelet = Kubelet(client, name)
    kubelet.remove_pod(kubelet.start_pod("warm")[0])
    until(no_shim_is_left)
    pods, durations = [], []
    for i in range(PODS):
        began = time.monotonic()
        pods.append(kubelet.start_pod(f"pod{i}"))
        durations.append((time.monotonic() - began) * 1000)
    result["pod"] = statistics.median(durations)
    time.sleep(SETTLE_SECONDS)
    assert len(shims()) == PODS, (len(shims()), PODS)
    result["many"] = memory_of(shims())
    all_shims = shims()
    before = cpu_of(all_shims), cpu_of([CONTAINERD])
    began = time.monotonic()
    for i in range(PROBES):
        kubelet.probe(pods[i % PODS][1])
    result["probes wall"] = (time.monotonic() - began) * 1000
    result["probes cpu"] = cpu_of(all_shims) - before[0]
    result["probes containerd"] = cpu_of([CONTAINERD]) - before[1]
    time.sleep(SETTLE_SECONDS)
    result["probed"] = memory_of(all_shims)
    with concurrent.futures.ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda pod: kubelet.remove_pod(pod[0]), pods))
    until(no_shim_is_left)


# --- the tables


def title_of(name):
    if name == "myrt":
        return "containerd-shim-myrt-v2"
    version = subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return "containerd-shim-runc-v2, " + version.replace(" version", "")


def table(names, rows):
    lines = ["| | " + " | ".join(map(title_of, names)) + " |", "|---|" + "---:|" * len(names)]
    lines += [f"| {title} | " + " | ".join(value(name) for name in names) + " |" for title, value in rows]
    return "\n".join(lines) + "\n"


def tables(names, results):
    def number(key, index=None, factor=1.0, digits=2):
        def value(name):
            found = results[name][key]
            return f"{(found if index is None else found[index]) * factor:.{digits}f}"

        return value

    def memory(title, key, digits):
        words = ("resident", "private", "proportional")
        return [(f"{title}: {word}, MB" if i == 0 else f"{word}, MB", number(key, i, 1, digits)) for i, word in enumerate(words)]

    memory_rows = [
        *memory("one container", "one", 2), *memory("a pod of four in one shim", "four", 2),
        *memory(f"{PODS} pods, of all shims together", "many", 1), *memory(f"the same after {PROBES} probes", "probed", 1),
    ]
    operations = ["create and start", "exec", "kill", "delete"]
    count_rows = [
        (operation, lambda name, operation=operation: "{} / {}".format(*results[name][operation])) for operation in operations
    ]
    time_rows = [
        (f"{PROBES} exec probes over {PODS} pods: CPU of the shims and all that they ran, ms", number("probes cpu", digits=0)),
        ("for each probe, ms", number("probes cpu", factor=1 / PROBES)),
        ("CPU of containerd meanwhile, ms", number("probes containerd", digits=0)),
        ("wall, ms", number("probes wall", digits=0)),
        (f"start of a pod of one container (CRI): wall, ms (median of {PODS})", number("pod", digits=1)),
        (f"`ctr run --rm`: wall, ms (median of {RUNS})", number("run", digits=1)),
    ]
    return [
        "Memory of the shims:\n", table(names, memory_rows),
        "Processes made / programs executed, by containerd, the shim and all below it:\n", table(names, count_rows),
        "Time:\n", table(names, time_rows),
    ]


def load():
    return pathlib.Path("/proc/loadavg").read_text().split()[0]


def publish(text, document):
    before, rest = document.read_text(encoding="utf-8").split(BEGIN_MARK)
    after = rest.split(END_MARK)[1]
    document.write_text(f"{before}{BEGIN_MARK}\n\n{text}\n{END_MARK}{after}", encoding="utf-8")


def main():
    names = sys.argv[1:]
    results = {name: {} for name in names}
    began, load_before = time.monotonic(), load()
    with Client(os.environ["CONTAINERD_ADDRESS"], os.environ["CRI_STUBS"]) as client:
        for name in names:
            measure_ctr(name, results[name])
            measure_pods(name, client, results[name])
    version = subprocess.run(["containerd", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    head = (
        f"Measured on {datetime.date.today()}: {os.cpu_count()} CPUs, Linux {os.uname().release}, containerd {version}, cgroups "
        f"{os.environ['VIEW']}; load {load_before} before and {load()} after, {time.monotonic() - began:.0f} s in all.\n"
    )
    text = "\n".join([head, *tables(names, results)])
    print(text)
    if os.environ.get("PUBLISH"):
        publish(text, pathlib.Path(os.environ["PUBLISH"]))


main()
