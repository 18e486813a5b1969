#!/usr/bin/env python3
"""Measures the runtimes in turn, round by round, in the view that it is started in (see run.sh).

Reads BENCH_SECONDS, BENCH_QUICK, BENCH_CONTAINERS, BENCH_PARALLEL, BENCH_MOUNTS (see run.sh);
writes JSON.
"""

import argparse
import json
import os
import platform
import sys
import time

import single_figures
from bundles import Bundles
from chroot import Chroot
from runtimes import Floor, Runtime, cpu_ms_of, read_pid, wait_until_dead
from sampling import Samples, Sampling
from scaling import LIVING, Scaling
from stopwatch import CommandFailed, Stopwatch

IDLE_MS = 25


# Of the time, for each phase.
SHARES = {"runs": 0.1, "life": 0.15, "idle runs": 0.18, "idle life": 0.27}
REPEATED = 3  # commands that change nothing, within a round


class Bench:
    def __init__(self, options, work):
        self.options = options
        self.view = options.view
        self.work = work
        with open(options.seccomp_names, encoding="ascii") as file:
            names = file.read().split()
        self.bundles = Bundles(f"{work}/bundles", options.payload, names, self.view != "v2")
        chroot = Chroot(options.root, work)
        stopwatch = chroot.visible(options.stopwatch)
        self.stopwatch = Stopwatch(stopwatch, f"{work}/stderr", chroot.enter)
        self.samples = Samples()
        self.sampling = Sampling(self.samples, options.seconds, options.least, options.most)
        filter_file = chroot.visible(options.filter)
        self.floor = Floor(chroot.visible(options.floor), self.view, self.bundles, filter_file)
        self.runtimes, self.left_out = [], {}
        self._take(Runtime(chroot.visible(options.myrt), f"{work}/state", chroot.enter))
        for path in options.peers:
            self._take(Runtime(path, f"{work}/state", chroot.enter))

    def _take(self, runtime):
        """Those that cannot run a container here are named, and left out."""
        try:
            for config in ("simple", "docker"):
                self.stopwatch.measure(runtime.run(self.bundles.make(config, "probe"), "probe"))
        except CommandFailed as failure:
            runtime.remove("probe")
            self.left_out[runtime.label] = str(failure)
            print(f"{runtime.label} does not run in the {self.view} view: {failure}")
        else:
            self.runtimes.append(runtime)

    def sample(self, operation, config, idle_ms, runtime, command, stopwatch=None):
        measured = (stopwatch or self.stopwatch).measure(command, idle_ms)
        self.samples.add(operation, config, idle_ms, runtime.label, measured)
        return measured

    def measure_runs(self, idle_ms):
        for config in ("simple", "docker"):
            bundle = self.bundles.make(config, "run")
            self.sample("run", config, idle_ms, self.floor, self.floor.run(config, "run"))
            for runtime in self.runtimes:
                self.sample("run", config, idle_ms, runtime, runtime.run(bundle, "run"))
        for runtime in self.runtimes:
            runtime.forget_filters()
            self.sample("run cold", "docker", idle_ms, runtime, runtime.run(bundle, "run"))

    def measure_create(
        self, operation, idle_ms, runtime, bundle, config="simple", stopwatch=None
    ):
        """Leaves the container; returns its pid. Init works in create, and is nobody's child."""
        pid_file = f"{self.work}/pid"
        command = runtime.create(bundle, LIVING, pid_file)
        measured = (stopwatch or self.stopwatch).measure(command, idle_ms)
        pid = read_pid(pid_file)
        measured.cpu_ms += cpu_ms_of(pid)
        self.samples.add(operation, config, idle_ms, runtime.label, measured)
        return pid

    def measure_life(self, idle_ms, runtime, bundle):
        def step(operation, *arguments):
            self.sample(operation, "simple", idle_ms, runtime, runtime.command(*arguments))

        docker = self.bundles.make("docker", LIVING, waits=True)
        self.measure_create("create", idle_ms, runtime, docker, "docker")
        runtime.remove(LIVING)
        for _ in range(REPEATED):
            step("--version", "--version")
        pid = self.measure_create("create", idle_ms, runtime, bundle)
        for _ in range(REPEATED):
            step("state", "state", LIVING)
        step("start", "start", LIVING)
        if not self.options.root:  # from a chroot, setns(2) leads to the root outside of it
            step("exec", "exec", LIVING, "/payload")
            step("exec --detach", "exec", "--detach", LIVING, "/payload")
        step("kill", "kill", LIVING, "KILL")
        wait_until_dead(pid)
        step("delete", "delete", LIVING)

    def measure_all(self):
        """The floor and the runtimes in turn, round by round."""
        bundle = self.bundles.make("simple", LIVING, waits=True)
        for prefix, idle_ms in (("", 0),) if self.options.quick else (("", 0), ("idle ", IDLE_MS)):
            for number in self.sampling.rounds(SHARES[prefix + "runs"]):
                self.measure_runs(idle_ms)
                self._say(f"{prefix}runs: {number}")
            for number in self.sampling.rounds(SHARES[prefix + "life"]):
                for runtime in self.runtimes:
                    self.measure_life(idle_ms, runtime, bundle)
                self._say(f"{prefix}life: {number}")
        print()

    def _say(self, text):
        print(f"\r{self.view}: {text} rounds   ", end="", flush=True)

    def single(self):
        return single_figures.collect(
            self.floor, self.runtimes, self.bundles, self.work, self.options.quick, self.view
        )


def machine():
    with open("/proc/meminfo", encoding="ascii") as file:
        memory_gib = int(file.readline().split()[1]) / (1 << 20)
    return {
        "kernel": ".".join(platform.release().split(".")[:2]),
        "architecture": platform.machine(),
        "cpus": os.cpu_count(),
        "memory_gib": round(memory_gib, 1),
        "load_before": os.getloadavg()[0],
    }


def parse_options():
    quick = os.environ.get("BENCH_QUICK", "") not in ("", "0")

    def number(name, usual, short):
        return int(os.environ.get(name) or (short if quick else usual))

    def numbers(name, usual, short):
        given = [int(word) for word in os.environ.get(name, "").split()]
        return sorted(given) or (short if quick else usual)

    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("view", "floor", "payload", "stopwatch", "seccomp-names", "filter", "output"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--root", help="where the peers live: times only")
    parser.add_argument("--place", default="", help="what the view's name says of the machine")
    parser.add_argument("--myrt", required=True)
    parser.add_argument("peers", nargs="*")
    options = parser.parse_args()
    options.quick = quick
    options.seconds = number("BENCH_SECONDS", 240, 1)
    options.least, options.most = (1, 1) if quick else (9, 400)
    options.parallel = number("BENCH_PARALLEL", 64, 4)
    options.containers = numbers("BENCH_CONTAINERS", [0, 100, 1000], [0, 2])
    options.mounts = numbers("BENCH_MOUNTS", [1, 100, 1000, 5000], [1, 20])
    return options


def main():
    options = parse_options()
    work = os.environ["MYRT_PRIVATE_DIR"]
    results = {"view": options.view, "machine": machine()}
    results["date"] = time.strftime("%Y-%m-%d", time.gmtime())
    results["place"] = options.place
    bench = Bench(options, work)
    bench.measure_all()
    scaling = Scaling(bench)
    scaling.parallel()
    if not options.root:
        scaling.mounts()
        scaling.containers()
        results |= bench.single()
    results["left_out"] = bench.left_out
    results["samples"] = bench.samples.as_list()
    bench.stopwatch.close()
    with open(options.output, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    return 0 if any(runtime.name == "myrt" for runtime in bench.runtimes) else 1


if __name__ == "__main__":
    sys.exit(main())
