"""The measures of a worker's lockdown that both sides know by name; the others are names for people."""

from typing import Final

SECCOMP: Final = "system calls (seccomp)"
LANDLOCK: Final = "files and network (Landlock)"
