#!/usr/bin/env python3
"""Run inside the machine as root: what containers with the systemd cgroup driver cost the bus.

Usage: bus.py COUNT RUNTIME [PEER...]   COUNT: how many containers start while the bus is probed; 0: no probe
Prints, per runtime: messages and bytes on the system's bus for one create and one delete (median of five), and how long
a Ping of systemd took (p50, p99, worst) while COUNT containers started, four at a time, in two turns. The first runtime
must not need more messages than any of the others: `ok` or `not ok`. Needs busybox.
"""

import concurrent.futures
import json
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

BUS = "/run/dbus/system_bus_socket"
PARALLEL = 4
PINGS_PER_SECOND = 50
TIMEOUT = 60


def aligned(data: bytes, to: int) -> bytes:
    return data + b"\0" * (-len(data) % to)


def string(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode() + b"\0"


class Connection:
    """A client of the bus that knows as much of D-Bus as this needs."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(BUS)
        self.socket.sendall(b"\0AUTH EXTERNAL\r\nDATA\r\n")
        self.received = b""
        while b"OK" not in self.received or not self.received.endswith(b"\r\n"):
            self.received += self.socket.recv(4096)
        self.received = b""
        self.socket.sendall(b"BEGIN\r\n")
        self.serial = 0
        self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")

    def call(self, destination: str, path: str, interface: str, member: str, signature: str = "",
             body: bytes = b"") -> None:
        self.serial += 1
        fields = b""
        for code, kind, text in ((1, b"o", path), (2, b"s", interface), (3, b"s", member), (6, b"s", destination)):
            fields = aligned(fields, 8) + bytes([code, 1]) + kind + b"\0" + string(text)
        if signature:
            fields = aligned(fields, 8) + b"\x08\x01g\0" + bytes([len(signature)]) + signature.encode() + b"\0"
        header = struct.pack("<cBBBIII", b"l", 1, 0, 1, len(body), self.serial, len(fields))
        self.socket.sendall(aligned(header + fields, 8) + body)
        while True:
            message = self.receive()
            # A monitor is told nothing any more, its own call's reply included.
            if message[1] in (2, 3):
                return

    def receive(self) -> bytes:
        while True:
            if len(self.received) >= 16:
                body, _, fields = struct.unpack_from("<III", self.received, 4)
                size = 16 + fields + (-fields % 8) + body
                if len(self.received) >= size:
                    message, self.received = self.received[:size], self.received[size:]
                    return message
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("the bus closed the connection")
            self.received += data


class Monitor:
    """Counts every message on the bus."""

    def __init__(self) -> None:
        self.connection = Connection()
        self.connection.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.Monitoring",
                             "BecomeMonitor", "asu", struct.pack("<II", 0, 0))
        self.messages = self.bytes = 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        while True:
            try:
                message = self.connection.receive()
            except (OSError, EOFError):  # closed: the counting is over
                return
            self.messages += 1
            self.bytes += len(message)

    def cost(self, command: list) -> tuple:
        time.sleep(1)  # what came before is over
        before = self.messages, self.bytes
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=TIMEOUT)
        time.sleep(1)
        return self.messages - before[0], self.bytes - before[1]


def make_bundle(directory: pathlib.Path, runtime: str) -> None:
    (directory / "rootfs/bin").mkdir(parents=True)
    for name in ("proc", "dev", "sys"):
        (directory / "rootfs" / name).mkdir()
    shutil.copy(shutil.which("busybox"), directory / "rootfs/bin/sleep")
    subprocess.run([runtime, "spec"], cwd=directory, check=True)
    config = json.loads((directory / "config.json").read_text())
    config["process"].update(terminal=False, args=["sleep", "1000"])
    config["linux"]["resources"].update(memory={"limit": 1 << 26}, pids={"limit": 50},
                                        cpu={"quota": 50000, "period": 100000})
    (directory / "config.json").write_text(json.dumps(config))


class Runtime:
    def __init__(self, path: str, template: pathlib.Path, work: pathlib.Path) -> None:
        self.path, self.template, self.work = path, template, work
        self.root = work / ("root-" + pathlib.Path(path).name)

    def bundle(self, name: str) -> pathlib.Path:
        bundle = self.work / name
        bundle.mkdir(exist_ok=True)
        config = json.loads((self.template / "config.json").read_text())
        config["root"]["path"] = str(self.template / "rootfs")
        config["linux"]["cgroupsPath"] = f"machine.slice:cost:{name}"
        (bundle / "config.json").write_text(json.dumps(config))
        return bundle

    def create(self, name: str) -> list:
        return [self.path, "--systemd-cgroup", "--root", self.root, "create", "--bundle", self.bundle(name), name]

    def delete(self, name: str) -> list:
        return [self.path, "--systemd-cgroup", "--root", self.root, "delete", "--force", name]


def median(values: list) -> float:
    return sorted(values)[len(values) // 2]


def print_cost(runtime: Runtime, monitor: Monitor) -> float:
    """The messages of a create and a delete together."""
    created, deleted = [], []
    for number in range(5):
        try:
            created.append(monitor.cost(runtime.create(f"c{number}")))
            deleted.append(monitor.cost(runtime.delete(f"c{number}")))
        except subprocess.TimeoutExpired as late:
            print(f"# {late}", flush=True)
    for what, costs in (("create", created), ("delete", deleted)):
        print(f"# {runtime.path} {what}: {median([c[0] for c in costs])} messages, "
              f"{median([c[1] for c in costs])} bytes", flush=True)
    return sum(median([c[0] for c in costs]) for costs in (created, deleted))


def error_of(command: list) -> str:
    # Into a file: a pipe would be waited for as long as the container lives.
    with tempfile.TemporaryFile() as errors:
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                                    check=False, timeout=TIMEOUT).returncode
        except subprocess.TimeoutExpired:
            return "no answer"
        errors.seek(0)
        return f"status {status}: {errors.read().decode().strip()}" if status else ""


def print_latency(runtime: Runtime, count: int) -> None:
    times, done = [], threading.Event()

    def probe() -> None:
        connection = Connection()
        while not done.is_set():
            began = time.monotonic()
            connection.call("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.DBus.Peer", "Ping")
            times.append(time.monotonic() - began)
            time.sleep(1 / PINGS_PER_SECOND)

    prober = threading.Thread(target=probe)
    names = [f"p{number}" for number in range(count)]
    commands = [runtime.create(name) for name in names]
    prober.start()
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        failed = [error for error in pool.map(error_of, commands) if error]
    took = time.monotonic() - began
    done.set()
    prober.join()
    for name in names:
        error_of(runtime.delete(name))
    times.sort()
    milliseconds = [1000 * times[min(len(times) - 1, int(len(times) * part))] for part in (0.5, 0.99, 1)]
    print("# {}: {} containers in {:.1f} s, {} failed; {} pings: p50 {:.1f} ms, p99 {:.1f} ms, worst {:.1f} ms".format(
        runtime.path, count, took, len(failed), len(times), *milliseconds), flush=True)
    for error in failed[:2]:
        print("#   ", error)


def main() -> int:
    count, arguments = int(sys.argv[1]), sys.argv[2:]
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        template = work / "template"
        make_bundle(template, arguments[0])
        runtimes = [Runtime(path, template, work) for path in arguments]
        monitor = Monitor()
        messages = [print_cost(runtime, monitor) for runtime in runtimes]
        monitor.connection.socket.close()
        for _ in range(2 if count else 0):
            for runtime in runtimes:
                print_latency(runtime, count)
    quiet = messages[0] > 0 and all(messages[0] <= of_peer for of_peer in messages[1:])
    print(f"{'ok' if quiet else 'not ok'} no peer needs fewer messages: {messages}")
    return 0 if quiet else 1


sys.exit(main())
