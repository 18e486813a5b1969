"""What myrt asks of the kernel, compared with the lists of this folder, which docs/privileges.md shows.

census.py compare TRACES RUNTIME VERSION   TRACES has a file COMMAND.N for each command that strace(1) watched; VERSION is that
                                           of cgroups
census.py document --write | --check       the tables of docs/privileges.md
"""
import pathlib
import platform
import sys

import traced_calls

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parent.parent / "docs/privileges.md"
# Architectures without the oldest calls have these instead.
NEWER = {"access": "faccessat", "arch_prctl": "", "dup2": "dup3", "mkdir": "mkdirat", "pause": "ppoll", "poll": "ppoll",
         "readlink": "readlinkat", "rmdir": "unlinkat"}


def rows(name, columns):
    for line in (HERE / name).read_text().splitlines():
        if line and not line.startswith("#"):
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) != columns:
                raise SystemExit(f"{name}: not {columns} columns: {line}")
            yield cells


def listed(version, machine):
    """{call: commands}, where `every` stays a word; and the calls that are not made in every run."""
    calls, sometimes = {}, set()
    for commands, words, _ in rows("system_calls.txt", 3):
        for word in words.split():
            call, _, only = word.rstrip("?").partition("@v")
            if machine != "x86_64":
                call = NEWER.get(call, call)
            if call and only in ("", version):
                calls.setdefault(call, set()).update(commands.split())
                if word.endswith("?"):
                    sometimes.add(call)
    return calls, sometimes


def seen(traces, program):
    calls = {}
    for trace in sorted(traces.iterdir()):
        for call in traced_calls.own_calls(trace.read_text(errors="replace").splitlines(), program):
            calls.setdefault(call, set()).add(trace.name.split(".")[0])
    return calls


def differences(allowed, sometimes, made):
    for call, commands in sorted(made.items()):
        more = commands - allowed.get(call, set())
        if more and "every" not in allowed.get(call, ()):
            yield f"{', '.join(sorted(more))}: {call} is not in tests/privileges/system_calls.txt"
    for call in sorted(set(allowed) - sometimes - set(made)):
        yield f"{call} is in tests/privileges/system_calls.txt, and no command makes it"


def compare(traces, program, version):
    made = seen(pathlib.Path(traces), program)
    if len(made) < 50:
        raise SystemExit(f"only {len(made)} system calls were seen in {traces}")
    problems = list(differences(*listed(version, platform.machine()), made))
    print("\n".join(problems) or f"{len(made)} system calls")
    return 1 if problems else 0


def table(name, titles):
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    lines += ["| " + " | ".join(cells) + " |" for cells in rows(name, len(titles))]
    return "\n".join(lines)


def page():
    text = PAGE.read_text()
    for name, titles in (("system_calls.txt", ("commands", "system calls", "what for")),
                         ("capabilities.txt", ("commands", "capability", "what for", "without it"))):
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}{table(name, titles)}\n{end}{rest.split(end)[1]}"
    return text


def main(arguments):
    if len(arguments) == 4 and arguments[0] == "compare":
        return compare(*arguments[1:])
    if arguments == ["document", "--write"]:
        PAGE.write_text(page())
        return 0
    if arguments == ["document", "--check"]:
        if page() != PAGE.read_text():
            print("docs/privileges.md is stale: python3 -B tests/privileges/census.py document --write")
            return 1
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
