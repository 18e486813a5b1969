"""How often something is measured: until the medians are known, or its time is up."""

import itertools
import random
import statistics
import time

RESAMPLES = 200
CONFIDENCE = 0.95
# Of a median. The error of a ratio of two is the root of two times as much: 4 %.
ERROR = 0.028
CHECK_EVERY = 4


class Samples:
    """What was measured, by operation, configuration, idleness and runtime."""

    def __init__(self):
        self._by_key = {}
        self._touched = set()

    def add(self, operation, config, idle_ms, runtime, measured):
        key = (operation, config, idle_ms, runtime)
        row = self._by_key.setdefault(
            key, {"wall_ms": [], "cpu_ms": [], "rss_kib": [], "faults": []}
        )
        for figure, values in row.items():
            values.append(getattr(measured, figure))
        self._touched.add(key)

    def forget_touched(self):
        self._touched = set()

    def touched_walls(self):
        """The wall times of what was measured since forget_touched()."""
        return [self._by_key[key]["wall_ms"] for key in self._touched]

    def as_list(self):
        names = ("operation", "config", "idle_ms", "runtime")
        return [dict(zip(names, key)) | row for key, row in self._by_key.items()]


def error_of_median(values, generator):
    """Half the width of its confidence interval, by bootstrap, as a part of it."""
    medians = sorted(
        statistics.median(generator.choices(values, k=len(values))) for _ in range(RESAMPLES)
    )
    outside = int(RESAMPLES * (1 - CONFIDENCE) / 2)
    return (medians[-1 - outside] - medians[outside]) / 2 / statistics.median(values)


class Sampling:
    """All in all it takes no longer than `seconds`, but for what every phase does at least."""

    def __init__(self, samples, seconds, least, most):
        self._samples = samples
        self._seconds = seconds
        self._least = least
        self._most = most
        self._random = random.Random(1)

    def rounds(self, share):
        """The rounds of a phase that may take that share of the time."""
        self._samples.forget_touched()
        end = time.monotonic() + share * self._seconds
        for number in itertools.count(1):
            yield number
            if number >= self._most:
                return
            if number >= self._least and (time.monotonic() >= end or self._is_known(number)):
                return

    def _is_known(self, number):
        if number % CHECK_EVERY != 0:
            return False
        walls = self._samples.touched_walls()
        return all(error_of_median(values, self._random) <= ERROR for values in walls)
