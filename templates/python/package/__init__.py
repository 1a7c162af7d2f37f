"""The native Codex {{version}} runtime for {{target}}."""

from __future__ import annotations

from pathlib import Path

PACKAGE_NAME = "{{distribution}}"

__all__ = [
    "PACKAGE_NAME",
    "bundled_codex_path",
    "bundled_package_dir",
    "bundled_path_dir",
]


def bundled_package_dir() -> Path:
    """The directory of the runtime tree."""
    return Path(__file__).resolve().parent


def bundled_codex_path() -> Path:
    """The native executable. Raises FileNotFoundError when the package lost it."""
    path = bundled_package_dir().joinpath(*"{{entrypoint}}".split("/"))
    if not path.is_file():
        raise FileNotFoundError(f"{PACKAGE_NAME} is incomplete: {path} is missing")
    return path


def bundled_path_dir() -> Path | None:
    """The directory for the PATH of a running Codex (rg), or None without one."""
    path = bundled_package_dir() / "codex-path"
    return path if path.is_dir() else None
