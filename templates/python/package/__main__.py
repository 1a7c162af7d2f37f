"""`codex` and `python -m {{importName}}`: become the native executable."""

from __future__ import annotations

import os
import subprocess
import sys

from . import bundled_codex_path


def main() -> None:
    executable = str(bundled_codex_path())
    arguments = [executable, *sys.argv[1:]]
    if os.name != "nt":
        os.execv(executable, arguments)
    # Windows has no exec: the child shares the console, and Ctrl-C is its own to handle.
    process = subprocess.Popen(arguments)
    while True:
        try:
            sys.exit(process.wait())
        except KeyboardInterrupt:
            continue


if __name__ == "__main__":
    main()
