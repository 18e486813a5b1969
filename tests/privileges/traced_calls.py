"""The system calls of myrt's own processes, in what `strace -f --decode-pids=pidns` wrote.

A process is ours from the execve(2) of the program on, and while it executes nothing but the program once more (from the
read-only clone of its binary); whatever it clones is ours as well, until it executes something else: the container's program,
a hook, ps(1).
"""
import re

LINE = re.compile(r"^(\d+) +(.*)$")
CALL = re.compile(r"^(?:<\.\.\. )?(\w+)(?:\(| resumed)")
# In init's own pid namespace the number is another one, and strace adds that of its own.
CLONED = re.compile(r"\) += (\d+)(?: /\* (\d+) in strace's PID NS \*/)?$")
CLONES = {"clone", "clone3", "fork", "vfork"}
EXECUTES = {"execve", "execveat"}


def is_itself(text, program):
    """Whether this execve(2) or execveat(2) is of the program, or of the clone of its binary."""
    return text.startswith((f'execve("{program}"', 'execve("/proc/self/fd/', "execveat("))


def whole_calls(lines):
    """(pid, name, text) of every call; of one that was interrupted in the text twice: at its beginning, and whole at its end."""
    begun = {}
    for line in lines:
        found = LINE.match(line.rstrip("\n"))
        call = found and CALL.match(found.group(2))
        if not call:
            continue
        pid, text = int(found.group(1)), found.group(2)
        if text.endswith("<unfinished ...>"):
            begun[pid] = text.removesuffix("<unfinished ...>")
        elif text.startswith("<..."):
            text = begun.pop(pid, "") + text
        yield pid, call.group(1), text


def parents(calls):
    """Who has cloned whom: read first, as a child's first call may stand before the end of its parent's clone3(2)."""
    found = {}
    for pid, name, text in calls:
        cloned = CLONED.search(text) if name in CLONES else None
        if cloned:
            found[int(cloned.group(2) or cloned.group(1))] = pid
    return found


def own_calls(lines, program):
    calls = list(whole_calls(lines))
    parent_of = parents(calls)
    ours, others, names = set(), set(), set()

    def is_ours(pid):
        if pid not in ours and pid not in others:
            (ours if pid in parent_of and is_ours(parent_of[pid]) else others).add(pid)
        return pid in ours

    for pid, name, text in calls:
        if name in EXECUTES and is_itself(text, program):
            ours.add(pid)
            others.discard(pid)
        if not is_ours(pid):
            continue
        names.add(name)
        if name in EXECUTES and text.endswith("= 0") and not is_itself(text, program):
            ours.discard(pid)
            others.add(pid)
    return names
