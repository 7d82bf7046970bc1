"""`python -m engine.scanner [FOLDER ...]`: compile the reader and keep it in the first folder that takes it; says where.

Default: where it is looked for. Ends with 1 and a reason when it cannot.
"""

import os
import sys
from pathlib import Path

# Any x86-64 processor may read the file later.
os.environ.update(NUMBA_CPU_NAME="x86-64", NUMBA_CPU_FEATURES="", NUMBA_BOUNDSCHECK="0")


def main() -> int:
    """Compile, write, tell."""
    from engine.scanner import image
    from engine.scanner.emit import compiled_image

    # Whoever waits for this has other things to do meanwhile.
    os.nice(10)
    try:
        code = compiled_image()
    except image.ScannerError as error:
        print(error, file=sys.stderr)
        return 1
    reasons = []
    for folder in [Path(name) for name in sys.argv[1:]] or image.folders():
        path = image.file_in(folder)
        try:
            image.write(code, path)
        except OSError as error:
            reasons.append(f"{folder}: {error.strerror}")
        else:
            print(path)
            return 0
    print("the compiled reader can be kept nowhere:", "; ".join(reasons), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
