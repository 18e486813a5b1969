#!/usr/bin/env python3
"""Tables, targets and charts from what measure.py wrote: tables.md and *.svg in --output."""

import argparse
import itertools
import json
import math
import os
import shutil
import statistics
import sys

BEGIN_MARK = "<!-- bench: begin -->"
END_MARK = "<!-- bench: end -->"
AGREEMENT = 0.1  # between runs of the same
# What counts as two modes instead of one: how far apart, how much in each, how well they explain
# what varies.
MODES_NEED, MODES_APART, MODE_SHARE, MODES_EXPLAIN = 9, 1.4, 0.15, 0.75


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def two_modes(values):
    """The medians of both and the share of the lower one, where the times fall into two heaps.

    The heaps are those of the cut that leaves the least variance within them."""
    ordered = sorted(map(math.log, values))
    if len(ordered) < MODES_NEED:
        return None
    total = statistics.pvariance(ordered) * len(ordered)

    def within(cut):
        return sum(statistics.pvariance(part) * len(part) for part in (ordered[:cut], ordered[cut:]))

    cut = min(range(1, len(ordered)), key=within)
    low, high = (math.exp(statistics.median(part)) for part in (ordered[:cut], ordered[cut:]))
    share = cut / len(ordered)
    if not total or 1 - within(cut) / total < MODES_EXPLAIN or high / low < MODES_APART:
        return None
    return (low, high, share) if MODE_SHARE <= share <= 1 - MODE_SHARE else None


class View:
    """The results of one view."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.results = json.load(file)
        self.name = self.results["view"]
        if self.results["place"]:
            self.name += f"-{self.results['place']}"
        self.rows = {}
        self.labels = []
        for sample in self.results["samples"]:
            key = (sample["operation"], sample["config"], sample["idle_ms"])
            self.rows.setdefault(key, {})[sample["runtime"]] = sample
            if sample["runtime"] not in self.labels:
                self.labels.append(sample["runtime"])

    def median(self, key, label, figure="wall_ms"):
        sample = self.rows.get(key, {}).get(label)
        return statistics.median(sample[figure]) if sample else None

    def peer(self, name):
        """The first peer of that name: the one in PATH."""
        return next((label for label in self.labels if label.split()[0] == name), None)

    def operations(self, start):
        return [key[0] for key in self.rows if key[0].startswith(start)]


def cells(items):
    return "| " + " | ".join(items) + " |\n"


def table(header, lines):
    return cells(header) + cells(["---"] + ["---:"] * (len(header) - 1)) + "".join(map(cells, lines))


def operation_name(operation, config, idle_ms):
    name = operation + (", docker-like" if config == "docker" else "")
    return name + (f", after {idle_ms} ms idle" if idle_ms else "")


def time_table(view):
    lines = []
    for key, row in sorted(view.rows.items(), key=lambda item: item[0][2]):
        line = [operation_name(*key)]
        for label in view.labels:
            if label in row:
                values = row[label]["wall_ms"]
                line.append(f"{statistics.median(values):.2f} ({percentile(values, 0.9):.2f})")
            else:
                line.append("")
        lines.append(line + [samples_text(row.values())])
    return table(["median (p90), ms"] + view.labels + ["samples"], lines)


def samples_text(samples):
    counts = sorted({len(sample["wall_ms"]) for sample in samples})
    return "-".join(str(count) for count in (counts[0], counts[-1])[: len(counts)])


def modes_table(view):
    """Where a median says little, since it may fall into one heap or the other."""
    lines = []
    for key, row in sorted(view.rows.items(), key=lambda item: item[0][2]):
        for label, sample in row.items():
            modes = two_modes(sample["wall_ms"])
            if modes:
                low, high, share = modes
                heaps = [f"{low:.2f} ({share:.0%})", f"{high:.2f} ({1 - share:.0%})"]
                lines.append([operation_name(*key), label] + heaps)
    return table(["two modes, ms", "", "lower", "higher"], lines) if lines else ""


def figure_table(view, title, figure, form):
    lines = []
    for key, row in view.rows.items():
        if key[2] == 0 and "at once" not in key[0] and "beside" not in key[0]:
            values = [view.median(key, label, figure) for label in view.labels]
            lines.append([operation_name(*key)] + ["" if v is None else form(v) for v in values])
    return table([title] + view.labels, lines)


def single_table(view):
    single = view.results
    labels = view.labels
    operations = []
    for counts in single["syscalls"].values():
        operations += [name for name in counts if name not in operations]

    def line(name, values, form=str):
        return [name] + [form(values[label]) if label in values else "" for label in labels]

    lines = []
    for name in operations:
        counts = {label: c[name] for label, c in single["syscalls"].items() if name in c}
        lines.append(line(f"system calls of {name}", counts))
    private = single["blocked_init_kib"]
    for kind in next(iter(private.values()), {}):
        kinds = {label: values[kind] for label, values in private.items()}
        lines.append(line(f"blocked init, {kind}, KiB", kinds))
    if single["smallest_memory_kib"]:
        lines.append(line("smallest memory limit, KiB", single["smallest_memory_kib"]))
    lines.append(line("binary, MB", single["binary_bytes"], lambda size: f"{size / 1e6:.1f}"))
    return table([""] + labels, lines)


class Targets:
    """What the project wants of itself, and whether it got it in this run."""

    def __init__(self, view):
        self.view = view
        self.lines = []
        self.values = []  # name, value, and what is two-moded of the times behind it
        self.crun = view.peer("crun")
        self.runc = view.peer("runc")
        for idle_ms in sorted({key[2] for key in view.rows}):
            self._times(idle_ms)
        if "syscalls" in view.results:
            self._single()

    def _line(self, name, value, limit, unit="", behind=()):
        verdict = "met" if value <= limit else f"missed by {value / limit - 1:.0%}"
        self.values.append((name, value, self._two_moded(behind)))
        self.lines.append([name, f"{value:.2f}{unit}", f"{limit:g}{unit}", verdict])

    def _two_moded(self, behind):
        """Of what is behind a figure: rows and labels."""
        found = []
        for key, label in behind:
            sample = self.view.rows.get(key, {}).get(label)
            modes = two_modes(sample["wall_ms"]) if sample else None
            if modes:
                found.append((f"{label} {key[0]}", modes))
        return found

    def _ratio(self, key, other, limit, figure="wall_ms", mine=None):
        ours = self.view.median(mine or key, "myrt", figure)
        theirs = self.view.median(key, other, figure) if other else None
        if ours is None or not theirs:
            return
        what = "CPU of " if figure == "cpu_ms" else ""
        name = f"{what}{operation_name(*(mine or key))} / {other}"
        if mine:
            name += f" {key[0]}"
        self._line(name, ours / theirs, limit, behind=((mine or key, "myrt"), (key, other)))

    def _times(self, idle_ms):
        simple = ("run", "simple", idle_ms)
        docker = ("run", "docker", idle_ms)
        self._ratio(simple, "floor", 1.4)
        self._ratio(simple, self.crun, 0.5)
        self._ratio(("create", "simple", idle_ms), self.crun, 0.45)
        for figure in ("wall_ms", "cpu_ms"):
            self._ratio(("exec", "simple", idle_ms), self.crun, 0.35, figure)
        self._ratio(("exec", "simple", idle_ms), self.runc, 0.12)
        for operation in ("start", "state", "kill", "delete", "--version"):
            self._ratio((operation, "simple", idle_ms), self.crun, 0.3)
        self._ratio(docker, self.crun, 0.45)
        self._ratio(docker, "myrt", 1.2, mine=("run cold", "docker", idle_ms))
        if idle_ms == 0:
            self._growth("create beside", "run beside")
            self._growth("create at", "run at")

    def _growth(self, start, floor_start):
        """Beside the smallest count, which was measured in the same minute; and beside what the
        floor grows by, which is what the kernel asks for."""
        operations = self.view.operations(start)
        for scaled in operations[1:]:
            base = (operations[0], "simple", 0)
            self._ratio(base, "myrt", 1.15, mine=(scaled, "simple", 0))
            ours = self._grown(operations[0], scaled, "myrt")
            base_of_floor, scaled_of_floor = (
                name.replace(start, floor_start) for name in (operations[0], scaled)
            )
            floors = self._grown(base_of_floor, scaled_of_floor, "floor")
            if ours and floors:
                behind = [((name, "simple", 0), "myrt") for name in (operations[0], scaled)]
                behind += [((name, "simple", 0), "floor") for name in (base_of_floor, scaled_of_floor)]
                name = f"growth of {scaled} / growth of the floor"
                self._line(name, ours / floors, 1.15, behind=behind)

    def _grown(self, base, scaled, label):
        medians = [self.view.median((name, "simple", 0), label) for name in (scaled, base)]
        return medians[0] / medians[1] if all(medians) else None

    def _single(self):
        view = self.view
        for operation in view.operations("list of"):
            key = (operation, "simple", 0)
            self._line(operation, view.median(key, "myrt"), 20, " ms", [(key, "myrt")])
        for operation in view.operations(""):
            key = (operation, "simple", 0)
            if operation.endswith("at once") and self.crun in view.rows[key]:
                gain = view.median(key, "myrt") / view.median(key, self.crun)
                behind = [(key, "myrt"), (key, self.crun)]
                self._line(f"{operation} / {self.crun}", gain, 0.5, behind=behind)
        single = view.results
        self._line("system calls of run", single["syscalls"]["myrt"]["run simple"], 300)
        peak = max(max(row["myrt"]["rss_kib"]) for row in view.rows.values() if "myrt" in row)
        self._line("largest peak RSS", peak, 1600, " KiB")
        blocked = single["blocked_init_kib"]["myrt"]
        private = blocked["private dirty"] + blocked["private clean"]
        self._line("private memory of the blocked init", private, 300, " KiB")
        smallest = dict(single["smallest_memory_kib"])
        ours = smallest.pop("myrt", None)
        if ours and smallest:
            self._line("smallest memory limit / best peer", ours / min(smallest.values()), 1)

    def table(self):
        return table(["myrt against its targets", "measured", "limit", ""], self.lines)


def agreement(runs):
    """Whether ratios and limits come out the same in every run of one view, to 10 %."""
    values = {}
    for view in runs:
        for name, value, two_moded in Targets(view).values:
            values.setdefault(name, []).append((value, dict(two_moded)))
    lines = []
    for name, seen in values.items():
        low, high = (choose(value for value, _ in seen) for choose in (min, max))
        spread = high / low - 1 if low else 0
        verdict = "agree" if spread <= AGREEMENT else f"apart by {spread:.0%}"
        if spread > AGREEMENT:
            verdict += modes_text([modes for _, modes in seen])
        lines.append([name, f"{low:.2f}", f"{high:.2f}", verdict])
    agreeing = sum(line[-1] == "agree" for line in lines)
    title = f"{agreeing} of {len(lines)} agree within {AGREEMENT:.0%} in {len(runs)} runs"
    return table([title, "least", "most", ""], lines)


def modes_text(runs):
    """What is two-moded in any of the runs, and how in the first of them."""
    first = {}
    for run in runs:
        for what, modes in run.items():
            first.setdefault(what, modes)
    return "".join(
        f"; {what} has two modes: {low:.2f} ({share:.0%}) and {high:.2f} ms"
        for what, (low, high, share) in first.items()
    )


def report_of(runs):
    view = runs[0]
    machine = view.results["machine"]
    text = f"### View {view.name}\n\n"
    text += (
        f"{view.results['date']}; Linux {machine['kernel']} "
        f"({machine['architecture']}), {machine['cpus']} CPUs, {machine['memory_gib']:.0f} GiB, "
        f"load {machine['load_before']:.1f} at the beginning.\n\n"
    )
    for label, reason in view.results["left_out"].items():
        text += f"Left out: {label} does not run in this view ({reason.split(': ', 2)[-1]}).\n\n"
    text += time_table(view) + "\n"
    modes = modes_table(view)
    text += modes + "\n" if modes else ""
    text += figure_table(view, "CPU (all processes), median ms", "cpu_ms", "{:.2f}".format) + "\n"
    text += figure_table(view, "peak RSS, median KiB", "rss_kib", "{:.0f}".format) + "\n"
    text += figure_table(view, "page faults, median", "faults", "{:.0f}".format) + "\n"
    if "syscalls" in view.results:
        text += single_table(view) + "\n"
    text += Targets(view).table()
    if len(runs) > 1:
        text += "\n" + agreement(runs)
    return text


def publish(views, drawn, document):
    """Puts the tables between the marks of the document, and the charts into a folder beside it."""
    directory = os.path.splitext(document)[0]
    text = ""
    for name, runs in views.items():
        text += report_of(runs) + "\n"
        for chart in drawn.get(name, ()):
            file = os.path.basename(chart)
            text += f"![{file}]({os.path.basename(directory)}/{file})\n\n"
    with open(document, encoding="utf-8") as file:
        before, rest = file.read().split(BEGIN_MARK)
        after = rest.split(END_MARK)[1]
    with open(document, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN_MARK}\n\n{text}{END_MARK}{after}")
    os.makedirs(directory, exist_ok=True)
    for chart in itertools.chain.from_iterable(drawn.values()):
        shutil.copy(chart, directory)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True)
    parser.add_argument("--publish", metavar="DOCUMENT", help="also put it into this document")
    parser.add_argument("results", nargs="+")
    options = parser.parse_args()
    views = {}  # several results of one view are repetitions: the first is reported and drawn
    for view in map(View, options.results):
        views.setdefault(view.name, []).append(view)
    text = "\n".join(map(report_of, views.values()))
    with open(f"{options.output}/tables.md", "w", encoding="utf-8") as file:
        file.write(text)
    print(text)
    drawn = {}
    try:
        import charts
    except ImportError:
        print("bench: no charts: they need the Debian package python3-matplotlib")
    else:
        drawn = {name: charts.draw_all(runs[0], options.output) for name, runs in views.items()}
    if options.publish:
        publish(views, drawn, options.publish)
    return 0


if __name__ == "__main__":
    sys.exit(main())
