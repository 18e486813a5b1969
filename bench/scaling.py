"""How the costs grow: with the containers that live, the host's mounts, and what runs at once."""

import time

from single_figures import HostMounts
from stopwatch import Stopwatch

LIVING = "living"
# What a removed container leaves to the kernel's workers grows with what else is there (v1: 1 to 5 ms
# of CPU); back to back they would preempt whatever is measured next.
REST_S = 0.05
SETTLE_S = 1.0  # after many creates
# Of the time, for each phase.
SHARES = {"parallel": 0.05, "mounts": 0.11, "list": 0.03, "containers": 0.11}


class Scaling:
    """Each figure has its own baseline, the smallest count: measured in turn with it where that can
    be, else before and after it, so that a machine which drifts does so in both; and after a rest,
    which is the same for all counts."""

    def __init__(self, bench):
        self._bench = bench
        self._options = bench.options
        self._bundle = bench.bundles.make("simple", LIVING, waits=True)

    def parallel(self):
        """The wall time of all is what counts."""
        bench, count = self._bench, self._options.parallel
        for number in range(count):
            bench.bundles.make("simple", f"p{number}")
        bundles = f"{bench.bundles.directory}/simple-p{{n}}"
        commands = [(bench.floor, bench.floor.run("simple", "p{n}"))]
        commands += [(runtime, runtime.run(bundles, "p{n}")) for runtime in bench.runtimes]
        for _ in bench.sampling.rounds(SHARES["parallel"]):
            for runtime, command in commands:
                measured = bench.stopwatch.measure(command, count=count)
                bench.samples.add(f"{count} runs at once", "simple", 0, runtime.label, measured)

    def containers(self):
        """`list` and `create` while others live; every runtime's are its own.

        The floor runs beside myrt's."""
        most = max(self._options.containers)
        for number in range(most):
            self._bench.bundles.make("simple", f"c{number}", waits=True)
        for runtime in self._bench.runtimes:
            alive = 0
            for count in self._options.containers:
                self._create(runtime, range(alive, count))
                alive = count
                self._beside(runtime, count)
            for number in range(alive):
                runtime.remove(f"c{number}")
            if alive > 0 and self._options.containers[0] == 0:
                self._beside(runtime, 0)

    def _create(self, runtime, numbers):
        for number in numbers:
            bundle = f"{self._bench.bundles.directory}/simple-c{number}"
            pid_file = f"{self._bench.work}/pid"
            self._bench.stopwatch.measure(runtime.create(bundle, f"c{number}", pid_file))
        if numbers:
            time.sleep(SETTLE_S)

    def _beside(self, runtime, count):
        """What `list` takes depends on the count, and is no rest: apart."""
        bench = self._bench
        counts = len(self._options.containers)
        if count > 0:
            for _ in bench.sampling.rounds(SHARES["list"] / len(bench.runtimes) / counts):
                bench.sample(f"list of {count}", "simple", 0, runtime, runtime.command("list"))
        for _ in bench.sampling.rounds(SHARES["containers"] / len(bench.runtimes) / (counts + 1)):
            if runtime.name == "myrt":
                time.sleep(REST_S)
                command = bench.floor.run("simple", "run")
                bench.sample(f"run beside {count}", "simple", 0, bench.floor, command)
            time.sleep(REST_S)
            bench.measure_create(f"create beside {count}", 0, runtime, self._bundle)
            runtime.remove(LIVING)

    def mounts(self):
        """The floor as well: what a copy of the mount namespace costs is the kernel's.

        For each count a stopwatch in a mount namespace of its own, all there at once."""
        bench = self._bench
        stopwatches = {count: self._stopwatch_at(count) for count in self._options.mounts}
        for _ in bench.sampling.rounds(SHARES["mounts"]):
            for count, stopwatch in stopwatches.items():
                run, create = (f"{operation} at {count} mounts" for operation in ("run", "create"))
                time.sleep(REST_S)
                command = bench.floor.run("simple", "run")
                bench.sample(run, "simple", 0, bench.floor, command, stopwatch)
                for runtime in bench.runtimes:
                    time.sleep(REST_S)
                    bench.measure_create(create, 0, runtime, self._bundle, stopwatch=stopwatch)
                    runtime.remove(LIVING)
        for stopwatch in stopwatches.values():
            stopwatch.close()

    def _stopwatch_at(self, count):
        work, program = self._bench.work, self._options.stopwatch
        enter = ["unshare", "--mount", "--propagation", "private"]
        with HostMounts(f"{work}/mounts-{count}", count):
            stopwatch = Stopwatch(program, f"{work}/stderr-{count}", enter)
            stopwatch.measure(self._bench.floor.run("simple", "run"))  # it is there: we can go
        return stopwatch
