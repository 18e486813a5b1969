"""The client of stopwatch.cc."""

import os
import subprocess
from dataclasses import dataclass

FIELD_SEPARATOR = "\x1f"


class CommandFailed(Exception):
    """A measured command did not exit with 0."""


@dataclass
class Measured:
    wall_ms: float
    cpu_ms: float
    rss_kib: int
    faults: int


class Stopwatch:
    def __init__(self, program, log_path, enter=()):
        requests, self._requests = os.pipe()
        self._responses, responses = os.pipe()
        self._log = open(log_path, "w+b")  # what the commands say on stderr
        os.set_inheritable(requests, True)
        os.set_inheritable(responses, True)
        self._process = subprocess.Popen(
            [*enter, program, str(requests), str(responses)],
            pass_fds=(requests, responses),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
        )
        os.close(requests)
        os.close(responses)
        self._answers = os.fdopen(self._responses, encoding="ascii")

    def measure(self, command, idle_ms=0, count=1):
        """COUNT processes at once, after being idle; `{n}` in an argument is the process's number."""
        self._log.truncate(0)
        self._log.seek(0)
        fields = [str(int(idle_ms * 1000)), str(count), *command]
        os.write(self._requests, (FIELD_SEPARATOR.join(fields) + "\n").encode())
        status, wall_ns, cpu_us, rss_kib, faults = map(int, self._answers.readline().split())
        if status != 0:
            self._log.seek(0)
            said = self._log.read().decode(errors="replace").replace("\0", "").strip()
            raise CommandFailed(f"{' '.join(command)}: exit status {status}: {said}")
        return Measured(wall_ns / 1e6, cpu_us / 1e3, rss_kib, faults)

    def close(self):
        os.close(self._requests)
        self._process.wait()
        self._answers.close()
        self._log.close()
