"""What a worker of the soak may do with a container, and which answers are right.

A container's status is anybody's guess, as other workers use it at the same time: so every operation may be refused, but only in
the words of a reason that there can be.
"""

import random
from typing import Callable, List, NamedTuple


class Operation(NamedTuple):
    name: str
    weight: int
    words: Callable[[random.Random, str, str], List[str]]  # (chance, id, bundle) -> what stands behind `myrt --root DIR`
    foreground: bool = False  # it may wait for a container that somebody pauses meanwhile: ending it is no finding
    judges: bool = False  # a status of 1 without a word is an answer
    root_only: bool = False


def choice(*texts: str) -> Callable[[random.Random, str, str], List[str]]:
    return lambda chance, container, bundle: chance.choice(texts).format(id=container, bundle=bundle).split()


OPERATIONS = [
    Operation("create", 12, choice("create --bundle {bundle} {id}")),
    Operation("start", 12, choice("start {id}")),
    Operation("run --detach", 8, choice("run --detach --bundle {bundle} {id}")),
    Operation("run", 4, choice("run --bundle {bundle} {id}", "run --keep --bundle {bundle} {id}"), foreground=True),
    Operation("exec", 10, choice("exec {id} true", "exec {id} cat /proc/self/status", "exec {id} no-such-program"), foreground=True),
    Operation("exec --detach", 6, choice("exec --detach {id} sleep 0.1", "exec --detach {id} sleep 1000"), foreground=True),
    Operation("pause", 6, choice("pause {id}"), root_only=True),
    Operation("resume", 8, choice("resume {id}"), root_only=True),
    Operation("update", 5, choice("update --pids-limit 50 {id}", "update --memory 100m {id}", "update --cpu-share 512 {id}"), root_only=True),
    Operation("kill", 9, choice("kill {id}", "kill {id} KILL", "kill {id} USR1", "kill --all {id} KILL", "kill --all {id} TERM")),
    Operation("delete", 8, choice("delete {id}")),
    Operation("delete --force", 7, choice("delete --force {id}")),
    Operation("state", 8, choice("state {id}")),
    Operation("list", 4, choice("list", "list --format json", "list --quiet")),
    Operation("events --stats", 4, choice("events --stats {id}")),
    Operation("ps", 3, choice("ps --format json {id}")),
    Operation("metrics", 2, choice("metrics", "metrics {id}")),
    Operation("effective", 2, choice("effective {id}"), judges=True),
]

# Reasons for which a command may be refused, or a program may end with a status of its own.
REFUSALS = [
    "container does not exist",
    "container with given ID already exists",
    "cannot start a container that has",
    "container not running",
    "is not stopped",
    "cannot exec in a stopped container",
    "cannot exec in a paused container",
    "cannot exec in a",
    "executable file not found",
    "is not running",
    "is not available in",  # likewise
    "container is stopped",
    "container is creating",
    "is gone",  # a cgroup, of a container that ended
    "the cgroup does not have it",  # a controller, in a v2 view of a v1 host
    # It ended between the look at its status and the join.
    "no such process",
    # ... or between the join and the handshake.
    " bytes: broken pipe",
    "open `root`: no such file or directory",
    # Somebody's `kill KILL` or `delete --force`.
    "init was killed by SIGKILL",
    "the process was killed by SIGKILL",
    "init ended before it executed its program",
    # Without privileges nobody can join a container that waits to be started: init runs our program there, and its memory
    # belongs to the host's user namespace (docs/rootless.md).
    "join the container's namespaces `0x30000000`: operation not permitted",
    "read link `user`: permission denied",
    "cannot start a container in the",
    "cannot start an already running container",
    "cannot update a container that is",
    "container not paused",
]
