#!/usr/bin/env python3
"""Measures `metrics --all` beside many running containers, in the view it is started in (metrics.sh)."""

import argparse
import os
import statistics
import subprocess
import sys

from bundles import Bundles
from runtimes import Runtime
from stopwatch import Stopwatch

SAMPLES_EACH = 10  # lines that every container has at least: a v2 view may be without controllers


def start_all(runtime, bundles, stopwatch, count):
    for number in range(count):
        name = f"c{number}"
        bundle = bundles.make("docker", name, waits=True)
        stopwatch.measure(runtime.command("run", "--detach", "--bundle", bundle, name))


def check(runtime, count):
    """What is measured is the whole answer: every container runs, with its figures."""
    text = subprocess.run(
        runtime.command("metrics", "--all"), capture_output=True, text=True, check=True
    ).stdout
    running = text.count('status="running"} 1\n')
    assert running == count, f"{running} of {count} containers run"
    samples = sum(1 for line in text.splitlines() if line.startswith("myrt_container_"))
    assert samples >= count * SAMPLES_EACH, f"only {samples} samples"
    return samples, len(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--myrt", required=True)
    parser.add_argument("--stopwatch", required=True)
    parser.add_argument("--payload", required=True)
    parser.add_argument("--containers", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--limit-ms", type=float, required=True)
    options = parser.parse_args()
    work, view = os.environ["MYRT_PRIVATE_DIR"], os.environ["MYRT_PRIVATE_VIEW"]
    bundles = Bundles(f"{work}/bundles", options.payload, [], view != "v2")
    del bundles.configs["docker"]["linux"]["seccomp"]  # nothing here depends on it
    stopwatch = Stopwatch(options.stopwatch, f"{work}/stderr")
    runtime = Runtime(options.myrt, f"{work}/state")
    start_all(runtime, bundles, stopwatch, options.containers)
    samples, size = check(runtime, options.containers)
    measured = [
        stopwatch.measure(runtime.command("metrics", "--all")) for _ in range(options.rounds)
    ]
    wall = sorted(m.wall_ms for m in measured)
    cpu = sorted(m.cpu_ms for m in measured)
    median = statistics.median(wall)
    print(
        f"{view}: metrics of {options.containers} containers ({samples} samples, {size} bytes): "
        f"wall median {median:.1f} ms, {wall[0]:.1f} to {wall[-1]:.1f}; "
        f"CPU median {statistics.median(cpu):.1f} ms, {cpu[0]:.1f} to {cpu[-1]:.1f}; "
        f"{options.rounds} rounds, limit {options.limit_ms:g} ms: "
        f"{'ok' if median <= options.limit_ms else 'TOO SLOW'}"
    )
    return 0 if median <= options.limit_ms else 1


if __name__ == "__main__":
    sys.exit(main())
