"""Exit codes of every command: what a shell, a container platform or a test may rely on."""

OK = 0
#: The work was understood and begun, and failed.
FAILED = 1
#: The command line is wrong (click's own code for it).
USAGE = 2
#: A setting, a trader or its filter is refused.
REFUSED = 3
EXCHANGE_UNREACHABLE = 4
DATABASE_UNREACHABLE = 5
INTERRUPTED = 130

#: A worker or nursery process could not start (never respawned in a tight loop).
WORKER_BOOT_FAILED = 70
#: A worker left because its supervisor is gone.
WORKER_ORPHANED = 71
#: A worker left because it was asked to.
WORKER_DRAINED = 0
