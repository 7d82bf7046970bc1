"""`python -m scanner FOLDER`: compile the reader and keep it there; says where. Ends with 1 and a reason when it cannot."""

import os
import sys
from pathlib import Path

# Any x86-64 processor may read the file later.
os.environ.update(NUMBA_CPU_NAME="x86-64", NUMBA_CPU_FEATURES="", NUMBA_BOUNDSCHECK="0")


def main() -> int:
    """Compile, write, tell."""
    from scanner import image
    from scanner.emit import compiled_image

    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    path = image.file_in(Path(sys.argv[1]))
    try:
        image.write(compiled_image(), path)
    except (image.ScannerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
