"""Which functions of myrt the commands of a container's life execute, in the order of their use.

    start_path.py observe --view VIEW --stepper S --myrt M --payload P --seccomp-names N OFFSETS
    start_path.py write --myrt M --output cmake/start_path.ld OFFSETS...
    start_path.py check --myrt M cmake/start_path.ld

`observe` runs each command by single steps (start_path.cc), in the sandbox of one cgroup view. `write` makes
a script for the linker of it, which puts these functions side by side. bench/start-path calls both. `check`
fails when M was linked without the script, or when too many of its names are not in M any more.
"""

import argparse
import bisect
import os
import re
import subprocess
import sys
import tempfile

from bundles import Bundles

ENOUGH = 0.8  # of the names: another compiler inlines others
# What a compiler appends to the name of a function that it has changed or copied, by its own count.
COPY = re.compile(r"(\.(lto_priv|constprop|isra|part|localalias)(\.\d+)?)+$")
HEAD = """/* Made by bench/start-path: the functions that a container's life executes, in the order of their use.
   A fault maps the pages around it, so that what is used together should lie together. Names that are
   not there do no harm; what is missing is where it would have been. */
SECTIONS
{
  .text.start_path :
  {
"""
TAIL = """  }
}
INSERT BEFORE .text;
"""


def observe(options):
    with tempfile.TemporaryDirectory() as directory:
        with open(options.seccomp_names, encoding="ascii") as file:
            names = file.read().split()
        bundles = Bundles(directory, options.payload, names, options.view == "v1")
        root = f"{directory}/state"
        myrt = [options.stepper, options.offsets, os.path.realpath(options.myrt)]
        # Steps take a thousand times as long.
        myrt += ["--root", root, "--init-timeout", "600s"]

        def step(*arguments):
            print(f"start_path: {options.view}: {' '.join(arguments)}", file=sys.stderr, flush=True)
            subprocess.run([*myrt, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)

        step("--version")
        for config in ("simple", "docker"):
            step("run", "--bundle", bundles.make(config, "run"), "run")
        step("create", "--bundle", bundles.make("docker", "life", waits=True), "life")
        step("state", "life")
        step("list")
        step("start", "life")
        step("state", "life")
        step("list")
        step("exec", "life", "/payload")
        step("exec", "--detach", "life", "/payload")
        step("kill", "life", "KILL")
        step("delete", "--force", "life")


def functions_of(binary):
    """(begin, end, name) of each function, sorted."""
    symbols = []
    listed = subprocess.run(["nm", "-S", "--defined-only", binary], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        words = line.split()
        if len(words) == 4 and words[2] in "tTwWi":
            begin = int(words[0], 16)
            symbols.append((begin, begin + int(words[1], 16), words[3]))
    return sorted(symbols)


def executed(binary, files):
    """Names of functions, each once."""
    symbols = functions_of(binary)
    begins = [symbol[0] for symbol in symbols]
    names = {}
    for path in files:
        with open(path, encoding="ascii") as file:
            for offset in (int(line, 16) for line in file):
                # Those that begin last at or before it: one function has several names.
                last = bisect.bisect_right(begins, offset) - 1
                first = bisect.bisect_left(begins, begins[last])
                for begin, end, name in symbols[first : last + 1]:
                    if begin <= offset < end:
                        names.setdefault(COPY.sub("", name))
    return list(names)


def members_of_libc():
    """Which file of the archive defines a name. The C library is not compiled with a section for each function."""
    archive = subprocess.run(["gcc", "-print-file-name=libc.a"], capture_output=True, text=True, check=True)
    listed = subprocess.run(
        ["nm", "-A", "--defined-only", archive.stdout.strip()], capture_output=True, text=True, check=True
    )
    members = {}
    for line in listed.stdout.splitlines():
        match = re.match(r".*:([^:]+\.o):[0-9a-f]+ [tTwWi] (\S+)$", line)
        if match:
            members.setdefault(match[2], match[1])
    return members


def sections_of(names):
    """Each once, as the linker's script names them."""
    members = members_of_libc()
    sections = {}
    for name in names:
        if name.startswith("_Z"):
            sections.setdefault(f"*(.text.{name}*)")  # with its copies
        elif name == "main" or name.startswith("_GLOBAL__"):
            sections.setdefault(f"*(.text.startup.{name} .text.{name})")
        elif name in members:
            sections.setdefault(f"*libc.a:{members[name]}(.text .text.*)")
        else:
            sections.setdefault(f"*(.text.{name} .text.{name}.*)")
    return list(sections)


def write(options):
    names = executed(options.myrt, options.offsets)
    with open(options.output, "w", encoding="ascii") as file:
        file.write(HEAD)
        file.writelines(f"    {section}\n" for section in sections_of(names))
        file.write(TAIL)
    print(f"start_path: {len(names)} functions: {options.output}", file=sys.stderr)


def section_of(binary, name):
    """Its addresses."""
    headers = subprocess.run(["readelf", "-SW", binary], capture_output=True, text=True, check=True).stdout
    match = re.search(rf" {re.escape(name)} +PROGBITS +([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+) ", headers)
    if not match:
        sys.exit(f"start_path: {binary} has no section {name}: it was linked without the script")
    begin = int(match[1], 16)
    return begin, begin + int(match[2], 16)


def check(options):
    with open(options.script, encoding="ascii") as file:
        wanted = set(re.findall(r"\*\(\.text\.(_ZN4myrt\w+)\*\)", file.read()))
    begin, end = section_of(options.myrt, ".text.start_path")
    there = {COPY.sub("", name) for at, _, name in functions_of(options.myrt) if begin <= at < end}
    found = len(wanted & there)
    print(f"start_path: {found} of {len(wanted)} functions of ours lie in .text.start_path")
    if found < ENOUGH * len(wanted):
        sys.exit("start_path: too few: run bench/start-path (docs/performance.md)")


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("observe")
    for name in ("view", "stepper", "myrt", "payload", "seccomp-names"):
        command.add_argument(f"--{name}", required=True)
    command.add_argument("offsets")
    command.set_defaults(call=observe)
    command = commands.add_parser("write")
    command.add_argument("--myrt", required=True)
    command.add_argument("--output", required=True)
    command.add_argument("offsets", nargs="+")
    command.set_defaults(call=write)
    command = commands.add_parser("check")
    command.add_argument("--myrt", required=True)
    command.add_argument("script")
    command.set_defaults(call=check)
    options = parser.parse_args()
    options.call(options)


if __name__ == "__main__":
    main()
