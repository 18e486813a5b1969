"""The table of the attack suite's rows: printed, and put between the marks of a document.

table.py RESULTS RUNTIME [--publish DOCUMENT]

RESULTS has a line for every attack: row, kind, what, outcome, control, note, separated by tabs. A document keeps the
results of each runtime in a comment, so that one run replaces one column and the others stay.
"""
import argparse
import datetime
import json
import pathlib
import re
import subprocess
import sys

# The rows, in the order of their publication: what each attacks, and the commands that it is tried on.
ROWS = {
    "CVE-2014-8989": ("dropping supplementary groups without privileges", "run, create, exec"),
    "CVE-2019-5736": ("overwriting the runtime's binary", "run, create, exec"),
    "CVE-2019-16884": ("a volume for /proc swallows labels", "run, create"),
    "CVE-2019-18837": ("the last component of a destination is a link", "run, create"),
    "CVE-2019-19921": ("/proc is a link, or becomes one", "run, create"),
    "GHSA-g54h-m393-cpwq": ("no device rules allow every device", "run, create, exec, update"),
    "CVE-2021-30465": ("a destination is exchanged for a link", "run, create"),
    "CVE-2021-43784": ("lengths that overflow in messages", "run, create, exec"),
    "CVE-2022-29162": ("inheritable capabilities by `exec --cap` (and CVE-2022-27650, CVE-2025-27612)", "run, create, exec"),
    "CVE-2023-25809": ("the host's cgroups can be written", "run, create, exec"),
    "CVE-2023-27561": ("/proc is a link, again (and CVE-2023-28642)", "run, create"),
    "CVE-2024-21626": ("a leaked descriptor as working directory", "run, create, exec"),
    "CVE-2024-45310": ("`mkdir -p` makes files outside of the root", "run, create"),
    "CVE-2025-24965": ("a link at a name that the runtime writes", "run, create"),
    "CVE-2025-31133": ("the image's /dev/null as a mask", "run, create"),
    "CVE-2025-52565": ("/dev/pts is exchanged before the console", "run, create, exec"),
    "CVE-2025-52881": ("writes to /proc are redirected", "run, create, exec"),
    "CVE-2025-54867": ("/sys or /proc is a link", "run, create"),
    "CVE-2026-30892": ("`exec --user` parses wrongly", "exec"),
    "CVE-2026-41579": ("/dev is a link (and CVE-2026-47766)", "run, create"),
    "CVE-2026-88264": ("/dev/console is a link", "run, create"),
    "CVE-2026-88265": ("/dev/null is a link to a host file", "run, create, exec"),
    "CVE-2026-84042": ("a helper of the image is executed", "run, create, exec"),
    "CVE-2026-115521": ("the read-only root is looked up in the image's /proc", "run, create"),
    "CVE-2026-119101": ("a restore mixes up mounts (and CVE-2026-115520)", "restore"),
    "runc#5351": ("`exec --cgroup` leads out", "exec"),
    "chroot": ("the runtime itself is in a chroot: `exec` and CAP_SYS_CHROOT lead to the host's root", "run, create, exec, mounts"),
    "hot-mounts": ("`mounts add` follows links; init within reach of a pod", "mounts; run, create"),
}
BEGIN, END = "<!-- attacks: begin (written by tests/attacks/run; do not edit) -->", "<!-- attacks: end -->"


def read(path):
    rows = {row: [] for row in ROWS}
    for line in path.read_text().splitlines():
        row, kind, what, outcome, control, note = (line.split("\t") + [""] * 6)[:6]
        rows.setdefault(row, []).append(dict(kind=kind, what=what, outcome=outcome, control=control, note=note))
    return rows


def verdict(attacks):
    """The worst of the outcomes, in words, with how many attacks stand behind it."""
    if not attacks:
        return "–"
    outcomes = [a["outcome"] for a in attacks]
    for bad in ("BREACHED", "FAILED"):
        if bad in outcomes:
            return f"**{bad.lower()}**"
    if any("not comparable" in o for o in outcomes):
        return "not comparable"
    held = sum(o == "held" for o in outcomes)
    if held == 0:
        return outcomes[0]
    controls = [a["control"] for a in attacks if a["control"]]
    text = f"held ({held})"
    if controls:
        caught = sum(c == "caught" for c in controls)
        text += f"; control caught ({caught})" if caught == len(controls) else "; **control missed**"
    return text


def version(runtime):
    output = subprocess.run([runtime, "--version"], capture_output=True, text=True, check=False).stdout
    return output.splitlines()[0].strip() if output else runtime


def column_name(text, runtime):
    """`myrt`; a peer has a column for each version: "runc version 1.1.5+ds1" is `runc 1.1.5`."""
    found = re.match(r"(\S+) version ([0-9.]+)", text)
    name = pathlib.Path(runtime).name
    return name if name == "myrt" or not found else f"{found.group(1)} {found.group(2)}"


def table(columns):
    names = sorted(columns, key=lambda name: (name != "myrt", name))
    lines = ["| advisory | attack | tried on | " + " | ".join(names) + " |", "|---|---|---|" + "---|" * len(names)]
    for row, (what, commands) in ROWS.items():
        cells = [columns[name]["rows"].get(row, "–") for name in names]
        lines.append(f"| {row} | {what} | {commands} | " + " | ".join(cells) + " |")
    lines.append("")
    for name in names:
        column = columns[name]
        lines.append(f"- {column['version']}, {column['date']}: {column['summary']}")
    return "\n".join(lines)


def publish(document, name, column):
    text = document.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    stored = re.search(r"<!-- data (.*) -->", text[begin:end])
    columns = json.loads(stored.group(1)) if stored else {}
    columns[name] = column
    data = json.dumps(columns, sort_keys=True)
    document.write_text(f"{text[:begin]}\n<!-- data {data} -->\n\n{table(columns)}\n\n{text[end:]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("runtime")
    parser.add_argument("--publish", type=pathlib.Path)
    options = parser.parse_args()
    about = version(options.runtime)
    name = column_name(about, options.runtime)
    rows = read(options.results)
    attacks = [attack for list_ in rows.values() for attack in list_]
    count = {kind: sum(a["outcome"] == kind for a in attacks) for kind in ("held", "BREACHED", "FAILED")}
    controls = [a["control"] for a in attacks if a["control"]]
    summary = f"{len(attacks)} attacks: {count['held']} held, {count['BREACHED']} breached"
    if count["FAILED"]:
        summary += f", {count['FAILED']} could not be judged"
    other = len(attacks) - sum(count.values())
    if other:
        summary += f", {other} not applicable or not possible here"
    if controls:
        summary += f"; {sum(c == 'caught' for c in controls)} of {len(controls)} controls caught"
    notes = [f"{a['what']}: {a['note']}" for a in attacks if a["note"]]
    if notes:
        summary += ". Free races: " + "; ".join(notes)
    column = dict(version=about, date=datetime.date.today().isoformat(), summary=summary,
                  rows={row: verdict(list_) for row, list_ in rows.items()})
    for row, list_ in rows.items():
        print(f"{row:22} {verdict(list_)}")
    print(f"# {name}: {summary}")
    unknown = sorted(set(rows) - set(ROWS))
    if unknown:
        print(f"no such row: {', '.join(unknown)}", file=sys.stderr)
        return 1
    if options.publish:
        publish(options.publish, name, column)
    return 0


if __name__ == "__main__":
    sys.exit(main())
