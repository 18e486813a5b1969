#!/usr/bin/env python3
"""Measures the runtimes in turn, round by round, in the view that it is started in (see run.sh).

Reads BENCH_ROUNDS, BENCH_QUICK, BENCH_CONTAINERS, BENCH_PARALLEL, BENCH_MOUNTS; writes JSON.
"""

import argparse
import json
import os
import platform
import sys
import time

import single_figures
from bundles import Bundles
from runtimes import Floor, Runtime, cpu_ms_of, read_pid, wait_until_dead
from stopwatch import CommandFailed, Stopwatch

IDLE_MS = 25
LIVING = "living"


class Samples:
    """What was measured, by operation, configuration, idleness and runtime."""

    def __init__(self):
        self._by_key = {}

    def add(self, operation, config, idle_ms, runtime, measured):
        key = (operation, config, idle_ms, runtime)
        row = self._by_key.setdefault(
            key, {"wall_ms": [], "cpu_ms": [], "rss_kib": [], "faults": []}
        )
        for figure, values in row.items():
            values.append(getattr(measured, figure))

    def as_list(self):
        names = ("operation", "config", "idle_ms", "runtime")
        return [dict(zip(names, key)) | row for key, row in self._by_key.items()]


class Bench:
    def __init__(self, options, work):
        self.options = options
        self.view = options.view
        self.work = work
        with open(options.seccomp_names, encoding="ascii") as file:
            names = file.read().split()
        self.bundles = Bundles(f"{work}/bundles", options.payload, names, self.view != "v2")
        self.stopwatch = Stopwatch(options.stopwatch, f"{work}/stderr")
        self.samples = Samples()
        self.floor = Floor(options.floor, self.view, self.bundles, options.filter)
        self.runtimes, self.left_out = [], {}
        for path in options.runtime:
            self._take(Runtime(path, f"{work}/state"))

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

    def _sample(self, operation, config, idle_ms, runtime, command):
        measured = self.stopwatch.measure(command, idle_ms)
        self.samples.add(operation, config, idle_ms, runtime.label, measured)
        return measured

    def measure_runs(self, idle_ms):
        for config in ("simple", "docker"):
            bundle = self.bundles.make(config, "run")
            self._sample("run", config, idle_ms, self.floor, self.floor.run(config, "run"))
            for runtime in self.runtimes:
                self._sample("run", config, idle_ms, runtime, runtime.run(bundle, "run"))
        for runtime in self.runtimes:
            runtime.forget_filters()
            self._sample("run cold", "docker", idle_ms, runtime, runtime.run(bundle, "run"))

    def measure_create(self, operation, idle_ms, runtime, bundle):
        """Leaves the container; returns its pid. Init works in create, and is nobody's child."""
        pid_file = f"{self.work}/pid"
        command = runtime.create(bundle, LIVING, pid_file)
        measured = self.stopwatch.measure(command, idle_ms)
        pid = read_pid(pid_file)
        measured.cpu_ms += cpu_ms_of(pid)
        self.samples.add(operation, "simple", idle_ms, runtime.label, measured)
        return pid

    def measure_life(self, idle_ms, runtime, bundle):
        def step(operation, *arguments):
            self._sample(operation, "simple", idle_ms, runtime, runtime.command(*arguments))

        step("--version", "--version")
        pid = self.measure_create("create", idle_ms, runtime, bundle)
        step("state", "state", LIVING)
        step("start", "start", LIVING)
        step("exec", "exec", LIVING, "/payload")
        step("exec --detach", "exec", "--detach", LIVING, "/payload")
        step("kill", "kill", LIVING, "KILL")
        wait_until_dead(pid)
        step("delete", "delete", LIVING)

    def round(self):
        bundle = self.bundles.make("simple", LIVING, waits=True)
        for idle_ms in (0, IDLE_MS):
            self.measure_runs(idle_ms)
            for runtime in self.runtimes:
                self.measure_life(idle_ms, runtime, bundle)

    def parallel(self):
        """The wall time of all is what counts."""
        count = self.options.parallel
        for number in range(count):
            self.bundles.make("simple", f"p{number}")
        for runtime in self.runtimes:
            command = runtime.run(f"{self.bundles.directory}/simple-p{{n}}", "p{n}")
            measured = self.stopwatch.measure(command, count=count)
            self.samples.add(f"{count} runs at once", "simple", 0, runtime.label, measured)

    def with_containers(self, rounds):
        """`list` and `create` while others live; every runtime's are its own."""
        count = self.options.containers
        bundle = self.bundles.make("simple", LIVING, waits=True)
        others = [self.bundles.make("simple", f"c{n}", waits=True) for n in range(count)]
        for runtime in self.runtimes:
            for number, other in enumerate(others):
                command = runtime.create(other, f"c{number}", f"{self.work}/pid")
                self.stopwatch.measure(command)
            for _ in range(rounds):
                self._sample(f"list of {count}", "simple", 0, runtime, runtime.command("list"))
                self.measure_create(f"create beside {count}", 0, runtime, bundle)
                runtime.remove(LIVING)
            for number in range(count):
                runtime.remove(f"c{number}")

    def with_mounts(self, rounds):
        count = self.options.mounts
        bundle = self.bundles.make("simple", LIVING, waits=True)
        with single_figures.HostMounts(f"{self.work}/mounts", count):
            for _ in range(rounds):
                for runtime in self.runtimes:
                    self.measure_create(f"create at {count} mounts", 0, runtime, bundle)
                    runtime.remove(LIVING)

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

    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("view", "floor", "payload", "stopwatch", "seccomp-names", "filter", "output"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("runtime", nargs="+")
    options = parser.parse_args()
    options.quick = quick
    options.rounds = number("BENCH_ROUNDS", 30, 1)
    options.containers = number("BENCH_CONTAINERS", 200, 5)
    options.parallel = number("BENCH_PARALLEL", 64, 4)
    options.mounts = number("BENCH_MOUNTS", 1000, 50)
    return options


def main():
    options = parse_options()
    work = os.environ["MYRT_PRIVATE_DIR"]
    results = {"view": options.view, "machine": machine(), "rounds": options.rounds}
    results["date"] = time.strftime("%Y-%m-%d", time.gmtime())
    bench = Bench(options, work)
    few = max(1, options.rounds // 5)
    for number in range(options.rounds):
        bench.round()
        print(f"\r{options.view}: round {number + 1} of {options.rounds}", end="", flush=True)
    print()
    for _ in range(1 if options.quick else 3):
        bench.parallel()
    bench.with_mounts(few)
    bench.with_containers(few)
    results |= bench.single()
    results["left_out"] = bench.left_out
    results["samples"] = bench.samples.as_list()
    bench.stopwatch.close()
    with open(options.output, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    return 0 if any(runtime.name == "myrt" for runtime in bench.runtimes) else 1


if __name__ == "__main__":
    sys.exit(main())
