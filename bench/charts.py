"""The charts that README.md and docs/performance.md show, as SVG by Debian's python3-matplotlib."""

import matplotlib

matplotlib.use("svg")
# The same figures give the same file.
matplotlib.rcParams["svg.hashsalt"] = "myrt"
matplotlib.rcParams["font.size"] = 8

from matplotlib import pyplot  # noqa: E402  (after the backend is chosen)

OPERATIONS = [
    ("run", "simple"), ("run", "docker"), ("create", "simple"), ("start", "simple"),
    ("state", "simple"), ("exec", "simple"), ("kill", "simple"), ("delete", "simple"),
]  # fmt: skip
COLORS = {"floor": "#9e9e9e", "myrt": "#1b7f5c", "crun": "#d9822b", "runc": "#3b6fb6"}


def color_of(label):
    return COLORS.get(label.split()[0])


def style_of(view, label):
    """A second runtime of the same name, a newer one, is drawn lighter."""
    first = next(other for other in view.labels if other.split()[0] == label.split()[0])
    return {"color": color_of(label), "alpha": 1 if label == first else 0.55}


def save(figure, path):
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def operation_text(operation, config):
    return operation + (",\ndocker-like" if config == "docker" else "")


def draw_bars(view, axes, keys, figure, form):
    width = 0.8 / len(view.labels)
    for index, label in enumerate(view.labels):
        at = [n + index * width for n in range(len(keys))]
        medians = [view.median((*key, 0), label, figure) or 0 for key in keys]
        bars = axes.bar(at, medians, width, label=label, **style_of(view, label))
        axes.bar_label(bars, [form.format(m) if m else "" for m in medians], fontsize=6, padding=1)
    names = [operation_text(*key) for key in keys]
    axes.set_xticks([n + 0.4 - width / 2 for n in range(len(names))], names)
    axes.legend(frameon=False)


def draw_times(view, path):
    figure, axes = pyplot.subplots(figsize=(10, 4))
    draw_bars(view, axes, OPERATIONS, "wall_ms", "{:.1f}")
    axes.set_ylabel("median, ms")
    axes.set_title(f"time of a command, back to back, cgroup {view.name}")
    save(figure, path)


def draw_cpu(view, path):
    figure, axes = pyplot.subplots(figsize=(10, 4))
    draw_bars(view, axes, OPERATIONS, "cpu_ms", "{:.1f}")
    axes.set_ylabel("median, ms of CPU")
    axes.set_title(f"CPU of a command and of what it starts, cgroup {view.name}")
    save(figure, path)


def draw_growth(view, axes, start, end, title):
    for label in view.labels:
        points = []
        for key in view.rows:
            operation = key[0]
            if operation.startswith(start) and operation.endswith(end):
                median = view.median(key, label)
                if median is not None:
                    points.append((int(operation[len(start) :].split()[0]), median))
        if points:
            points.sort()
            axes.plot(*zip(*points), marker="o", label=label, **style_of(view, label))
    axes.set_title(title)
    axes.set_ylim(bottom=0)
    axes.set_xscale("symlog")
    axes.set_ylabel("median, ms")
    axes.legend(frameon=False)


def draw_scaling(view, path):
    figure, (mounts, containers, lists) = pyplot.subplots(1, 3, figsize=(10, 3.5))
    draw_growth(view, mounts, "create at ", " mounts", "create, by mounts of the host")
    draw_growth(view, containers, "create beside ", "", "create, by containers alive")
    draw_growth(view, lists, "list of ", "", "list, by containers")
    figure.suptitle(f"how it grows, cgroup {view.name}")
    save(figure, path)


def draw_all(view, output):
    """Returns the files."""
    drawings = {"times": draw_times, "cpu": draw_cpu}
    if view.operations("list of"):
        drawings["scaling"] = draw_scaling
    paths = []
    for name, draw in drawings.items():
        paths.append(f"{output}/{name}-{view.name}.svg")
        draw(view, paths[-1])
    return paths
