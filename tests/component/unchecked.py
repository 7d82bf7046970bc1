"""The program of the nursery with its first two fences taken away: it stands for a filter that has broken out of the interpreter.

A source that begins with `MARK` is not judged by the policy, and finds all of Python under `everything`. Whatever it may still
not do, the kernel forbids. With `--user N` in front of the usual arguments all of it runs as that user, who has no rights.
"""

import builtins
import importlib
import os
import sys

import indicators
from workers import __main__ as program
from workers import namespaces, policy, rehearsal
from workers.kernel import prctl

PR_SET_DUMPABLE = 4
MARK = "# unchecked\n"
#: What filters under test may need.
INDICATORS = ("bbands", "kama", "linearreg", "macd", "obv", "rsi")

judge, names = policy.check, namespaces.fresh


def check(source: str) -> policy.Verdict:
    """Let marked sources pass."""
    if not source.startswith(MARK):
        return judge(source)
    # Builtins are looked up where a piece of code begins, so the source is a piece of its own.
    inner = f"everything.exec(everything.compile({source!r}, {policy.FILENAME!r}, 'exec'), everything.globals())"
    code = compile(f"__builtins__ = everything\n{inner}", policy.FILENAME, "exec")
    return policy.Verdict(("1m",), "", (), "", 0, (), ("close", "high", "volume"), False, False, (), code)


def fresh() -> dict[str, object]:
    """The usual names, and the way to all others."""
    return {**names(), "everything": builtins}


def _fetch() -> None:
    """Load what may lie where only root reads: modules, and machine code that numba looks for where it can also write."""
    for name in ("workers.nursery", "workers.worker"):
        importlib.import_module(name)
    names = (*INDICATORS, *rehearsal.INDICATORS)
    indicators.build(names)
    indicators.warm(names)


def main() -> int:
    """Be the nursery, perhaps as somebody else."""
    policy.check, namespaces.fresh = check, fresh
    if sys.argv[1:2] == ["--user"]:
        user = int(sys.argv[2])
        del sys.argv[1:3]
        _fetch()
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        # Had it been started as that user, what /proc tells of it would be that user's.
        prctl(PR_SET_DUMPABLE, 1)
    return program.main()


if __name__ == "__main__":
    sys.exit(main())
