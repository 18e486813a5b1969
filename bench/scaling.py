"""How the costs grow: with the containers that live, the host's mounts, and what runs at once."""

from single_figures import HostMounts

LIVING = "living"
# Of the time, for each phase.
SHARES = {"parallel": 0.05, "mounts": 0.12, "containers": 0.08}


class Scaling:
    """Each figure has its own baseline, measured in the same minute: the smallest count."""

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

    def _create(self, runtime, numbers):
        for number in numbers:
            bundle = f"{self._bench.bundles.directory}/simple-c{number}"
            pid_file = f"{self._bench.work}/pid"
            self._bench.stopwatch.measure(runtime.create(bundle, f"c{number}", pid_file))

    def _beside(self, runtime, count):
        phases = len(self._bench.runtimes) * len(self._options.containers)
        for _ in self._bench.sampling.rounds(SHARES["containers"] / phases):
            if count > 0:
                self._bench.sample(
                    f"list of {count}", "simple", 0, runtime, runtime.command("list")
                )
            if runtime.name == "myrt":
                floor = self._bench.floor
                command = floor.run("simple", "run")
                self._bench.sample(f"run beside {count}", "simple", 0, floor, command)
            self._bench.measure_create(f"create beside {count}", 0, runtime, self._bundle)
            runtime.remove(LIVING)

    def mounts(self):
        """The floor as well: what a copy of the mount namespace costs is the kernel's."""
        bench = self._bench
        for count in self._options.mounts:
            with HostMounts(f"{bench.work}/mounts-{count}", count):
                for _ in bench.sampling.rounds(SHARES["mounts"] / len(self._options.mounts)):
                    command = bench.floor.run("simple", "run")
                    bench.sample(f"run at {count} mounts", "simple", 0, bench.floor, command)
                    for runtime in bench.runtimes:
                        bench.measure_create(f"create at {count} mounts", 0, runtime, self._bundle)
                        runtime.remove(LIVING)
