"""How many CPUs this process may really use: affinity mask and cgroup quota, not the host's core count.

Reading and deciding are apart: `parse_*` are pure. Not here: who acts on a change.
"""

import math
import os
from pathlib import Path

from engine.base.errors import SettingsError

CGROUP_ROOT = Path("/sys/fs/cgroup")


def parse_cpu_max(text: str) -> float:
    """CPUs granted by a cgroup v2 `cpu.max` ("200000 100000", "max 100000"); infinity without a limit or when unreadable."""
    parts = text.split()
    return _quota(parts[0], parts[1]) if len(parts) == 2 else math.inf


def parse_cfs(quota_us: str, period_us: str) -> float:
    """CPUs granted by cgroup v1 `cpu.cfs_quota_us` and `cpu.cfs_period_us`; a quota of -1 is no limit."""
    return _quota(quota_us.strip(), period_us.strip())


def _quota(quota: str, period: str) -> float:
    if not (quota.isdecimal() and period.isdecimal()) or int(quota) == 0 or int(period) == 0:
        return math.inf
    return int(quota) / int(period)


def parse_cgroup_path(text: str) -> str:
    """This process's path in the v2 hierarchy, from the text of /proc/self/cgroup; "/" when there is none."""
    for line in text.splitlines():
        if line.startswith("0::"):
            return line[3:].strip() or "/"
    return "/"


def cpu_count(affinity: int, quota: float) -> int:
    """Whole CPUs: a part of one is not worth a worker that would be throttled half of its time; at least 1."""
    return max(1, min(affinity, math.floor(quota) if quota < math.inf else affinity))


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def quota(root: Path = CGROUP_ROOT, own: Path = Path("/proc/self/cgroup")) -> float:
    """The tightest quota on the way from this process's cgroup to the root; infinity for none."""
    found = math.inf
    folder = root / parse_cgroup_path(_read(own)).lstrip("/")
    # In a container the path of the host may not exist; its root then carries the container's own limit.
    for place in (folder, *folder.parents):
        if not place.is_relative_to(root):
            break
        found = min(found, parse_cpu_max(_read(place / "cpu.max")))
    v1 = root / "cpu"
    return min(found, parse_cfs(_read(v1 / "cpu.cfs_quota_us"), _read(v1 / "cpu.cfs_period_us")))


def granted_cpus() -> int:
    """CPUs this process may use now."""
    return cpu_count(len(os.sched_getaffinity(0)), quota())


def workers_wished(setting: str, workers_max: int, cpus: int) -> int:
    """Pool size for a setting, "auto" or a number; raises SettingsError when it is not within 1 to `workers_max`."""
    if setting == "auto":
        return min(cpus, workers_max)
    wished = int(setting)
    if not 1 <= wished <= workers_max:
        raise SettingsError("number of workers is refused", wished, f"ask for 1 to {workers_max}")
    return wished
