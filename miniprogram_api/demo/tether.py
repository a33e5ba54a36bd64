"""Runs a program that ends when its parent does, even when the parent is killed.

`python tether.py PARENT SIGNAL USER program arguments…`: asks the kernel (Linux) to send SIGNAL
when the parent dies, becomes USER where one is named, and then *is* the program: same process, same
pid. It is a program of its own because what runs between fork and exec must not touch the parent's
locks. It imports nothing of ours: it must start in a few milliseconds.
"""

import ctypes
import os
import pwd
import shutil
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1


def tethered(
    command: Sequence[str], ends_with: signal.Signals = signal.SIGTERM, user: str = ""
) -> list[str]:
    """The command line that runs `command` tethered to this process.

    The kernel watches the *thread* that starts it: start from a thread that lives as long as the
    program should.
    """
    this = [sys.executable, "-I", "-S", __file__]
    # Looked up here: as another user it might not even read Python's own library.
    program = shutil.which(command[0]) or command[0]
    return [*this, str(os.getpid()), str(int(ends_with)), user, program, *command[1:]]


def main() -> None:
    """Tie ourselves to the parent and become the program."""
    parent, ends_with, user, *command = sys.argv[1:]
    if user:
        account = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
    if sys.platform == "linux":
        # After setuid: a change of user forgets the wish.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(ends_with), 0, 0, 0)
        if os.getppid() != int(parent):
            sys.exit("the parent is gone")
    os.execv(command[0], command)  # noqa: S606 - becoming the program is the point


if __name__ == "__main__":
    main()
