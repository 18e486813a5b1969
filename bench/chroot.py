"""Another system's root, for runtimes that need its libraries. In a mount namespace of our own."""

import ctypes
import os
import shutil

MS_BIND, MS_REC = 4096, 16384
SHARED = ("/proc", "/sys", "/dev")


class Chroot:
    """With no directory, the system as it is. Paths below `work` are the same inside and outside."""

    def __init__(self, directory, work):
        self.enter = ["chroot", directory] if directory else []
        self._work = work
        if directory:
            libc = ctypes.CDLL(None, use_errno=True)
            # Itself first: pivot_root(2) wants the root to be a mount.
            for source in ("", *SHARED, work):
                target = directory + ("" if source == "" else source)
                os.makedirs(target, exist_ok=True)
                if libc.mount((source or directory).encode(), target.encode(), None,
                              MS_BIND | MS_REC, None) != 0:  # fmt: skip
                    raise OSError(ctypes.get_errno(), "mount", target)

    def visible(self, program):
        """The program's path for a process inside: its own, or that of a copy."""
        if not self.enter:
            return program
        copy = f"{self._work}/{os.path.basename(program)}"
        shutil.copy(program, copy)
        return copy

