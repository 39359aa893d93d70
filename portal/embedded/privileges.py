"""Run PostgreSQL, which refuses to run as root, also when we are root.

Note [Three ways down from root]
1. `nobody`, when it can reach the programs and the data.
2. A user namespace, when they lie under a private home (mode 0700): to itself the process is `nobody`, to the
   file system it is still root. Nothing is copied, and no directory is opened to others.
3. A copy of the programs under /var/tmp, with the data beside it, where namespaces are forbidden
   (some containers).
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from portal.embedded.failures import CannotStart

NOBODY: Final = 65534
_CLONE_NEWUSER: Final = 0x10000000
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)  # loaded before any fork


@dataclass(frozen=True, slots=True)
class LaunchMethod:
    """How a server process is started: under which user, and where its programs and data are."""

    name: str
    programs: Path
    data: Path
    owner: int

    def arguments(self, *, dies_by: signal.Signals | None = None) -> dict[str, Any]:
        """Return what `subprocess` needs. With `dies_by` the process gets that signal when we die."""
        namespace = self.name == "namespace"

        def before_exec() -> None:
            if namespace:
                enter_namespace()
            if dies_by is not None:
                follow_parent(dies_by)

        arguments: dict[str, Any] = {"cwd": "/", "preexec_fn": before_exec}
        if self.name in {"nobody", "copy"}:
            arguments |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        return arguments

    def give(self, path: Path) -> None:
        """Make the path, and all below it, belong to the one who runs the server."""
        if os.geteuid() == 0 and path.stat().st_uid != self.owner:
            for each in (path, *path.rglob("*")):
                os.chown(each, self.owner, self.owner, follow_symlinks=False)


def choose_launch_method(programs: Path, data: Path) -> LaunchMethod:
    """Return the first way that works here; give the data and its directory to the server's user.

    Raises:
        CannotStart: none works.
    """
    if os.geteuid() != 0:
        return _prepared(LaunchMethod("plain", programs, data, os.geteuid()))
    for way in (LaunchMethod("nobody", programs, data, NOBODY), LaunchMethod("namespace", programs, data, 0)):
        if _works(_prepared(way)):
            return way
    way = _copied(programs, data)
    if _works(_prepared(way)):
        return way
    raise CannotStart(
        "PostgreSQL does not run as root, and neither `nobody`, a user namespace nor a copy under /var/tmp "
        "worked here. Run as another user, or set DATABASE_URL."
    )


def copied_home(data: Path) -> Path:
    """Return where programs and data go if they have to be copied; `make demo-reset` clears it."""
    mark = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path("/var/tmp") / f"ch-firmware-portal-{mark}"  # noqa: S108 - its owner is checked


def enter_namespace() -> None:
    """Become `nobody` in a user namespace of our own. Called between fork and exec."""
    uid, gid = os.geteuid(), os.getegid()
    if _LIBC.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {uid} 1"),
        ("gid_map", f"{NOBODY} {gid} 1"),
    ):
        Path("/proc/self", name).write_text(line)


def follow_parent(dies_by: signal.Signals) -> None:
    """Ask Linux for this signal when the parent dies. Called between fork and exec."""
    if hasattr(_LIBC, "prctl"):
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(dies_by), 0, 0, 0)


def _prepared(way: LaunchMethod) -> LaunchMethod:
    way.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    way.give(way.data)
    if os.geteuid() == 0:
        os.chown(way.data.parent, way.owner, way.owner)
    return way


def _works(way: LaunchMethod) -> bool:
    trial = 'test -w "$1" && test -x "$1" && exec "$2" --version'
    try:
        ran = subprocess.run(  # noqa: S603 - a program we found ourselves
            ["/bin/sh", "-c", trial, "sh", way.data, way.programs / "postgres"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=10,
            **way.arguments(),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return ran.returncode == 0


def _copied(programs: Path, data: Path) -> LaunchMethod:
    installed = programs.parent
    home = copied_home(data)
    home.mkdir(mode=0o755, exist_ok=True)
    if home.is_symlink() or home.stat().st_uid != 0:
        raise CannotStart(f"{home} belongs to somebody else. Remove it, or set DATABASE_URL.")
    copy = home / installed.parent.name / installed.name
    if not (copy / "bin" / "postgres").exists():
        shutil.copytree(installed, copy, symlinks=True, dirs_exist_ok=True)
        libraries = installed.parent.with_name(installed.parent.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, home / libraries.name, dirs_exist_ok=True)
        subprocess.run(["/bin/chmod", "-R", "go+rX", home / copy.parent.name], check=True)  # noqa: S603
    return LaunchMethod("copy", copy / "bin", home / "state" / "data", NOBODY)
