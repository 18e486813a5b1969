"""Checks that result files of measure.py are complete and make sense; says what does not."""

import json
import sys

OPERATIONS = {
    "run", "run cold", "create", "start", "state", "exec", "exec --detach", "kill", "delete",
    "--version",
}  # fmt: skip
GROWING = ("list of", "create beside", "create at", "run at", "run beside")
FIGURES = ("wall_ms", "cpu_ms", "rss_kib", "faults")
SINGLE = ("syscalls", "blocked_init_kib", "binary_bytes", "versions")


def problems_of(path):
    with open(path, encoding="utf-8") as file:
        results = json.load(file)
    samples = [sample for sample in results["samples"] if sample["runtime"] == "myrt"]
    operations = {sample["operation"] for sample in results["samples"]}
    yield from (f"{name} was not measured" for name in OPERATIONS - operations)
    for start in GROWING:
        if not any(operation.startswith(start) for operation in operations):
            yield f"`{start} N` was not measured"
    for sample in samples:
        for figure in FIGURES:
            values = sample[figure]
            if not values or any(not isinstance(v, (int, float)) or v < 0 for v in values):
                yield f"{sample['operation']}: {figure} is {values}"
        if min(sample["wall_ms"]) <= 0:
            yield f"{sample['operation']}: no time at all"
    if not any(sample["runtime"] == "floor" for sample in results["samples"]):
        yield "the floor was not measured"
    for figure in SINGLE:
        if not results[figure].get("myrt"):
            yield f"no {figure} of myrt"


def main():
    found = [f"{path}: {problem}" for path in sys.argv[1:] for problem in problems_of(path)]
    print("\n".join(found) if found else f"{len(sys.argv) - 1} result files are complete")
    return 1 if found or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
