"""`instance/config.py`: read, and written without ever being half there.

What we write stands in one block at its end, so that it wins over the lines above, which stay as somebody
wrote them. The file is for its owner's eyes only; the one before is kept beside it.
"""

import ast
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from flask import Config, current_app

from miniprogram_api.core.settings import (
    Origin,
    Settings,
    SettingsError,
    origin_of,
    settings,
    typed,
)

from .errors import ConfigNotWritable

NAME, FORMER = "config.py", "config.py.old"
BEGIN = "# ---- 以下由开店向导写入 · from here on written by the set-up"
END = "# ---- 以上由开店向导写入 · until here written by the set-up"
_HEADER = '"""Made by the set-up. config.example.py shows every setting there is."""\n'


def values(instance: Path) -> dict[str, object]:
    """Every setting that the file gives, by its name in capitals."""
    read = Config(str(instance))
    read.from_pyfile(NAME, silent=True)
    return dict(read)


def waiting() -> list[str]:
    """Settings that the file gives otherwise than this process runs with: they wait for a restart."""
    given = values(Path(current_app.instance_path))
    names = [item.name for item in fields(Settings) if item.name.upper() in given]
    return [name.upper() for name in names if _waits(name, given[name.upper()])]


def write(instance: Path, changes: Mapping[str, object]) -> bool:
    """Let the file give these settings; whether that changed anything.

    :raises ConfigNotWritable: it cannot be written.
    """
    try:
        with _alone(instance):
            return _write(instance, changes)
    except OSError as error:
        raise ConfigNotWritable(type(error).__name__) from None


def replace(path: Path, content: str, former: Path) -> None:
    """Put a file in the place of the one before, whole or not at all; mode 600, both of them."""
    handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        shutil.copyfile(path, former)
        former.chmod(0o600)
    Path(made).replace(path)


def _write(instance: Path, changes: Mapping[str, object]) -> bool:
    path = instance / NAME
    text = path.read_text(encoding="utf-8") if path.exists() else _HEADER
    rest, ours = _parted(text)
    merged = {**ours, **changes}
    if merged == ours:
        return False
    lines = [f"{name} = {value!r}" for name, value in merged.items()]
    content = "\n".join([rest.rstrip("\n"), "", BEGIN, *lines, END, ""])
    compile(content, NAME, "exec")  # what could not be read again is not written
    replace(path, content, instance / FORMER)
    return True


def _parted(text: str) -> tuple[str, dict[str, object]]:
    """The lines that are not ours, and what ours say."""
    before, begin, rest = text.partition(BEGIN)
    block, end, after = rest.partition(END)
    if not begin or not end:
        return text, {}
    said = (line.partition(" = ") for line in block.strip().splitlines())
    return before + after.lstrip("\n"), {name: ast.literal_eval(value) for name, _, value in said}


def _waits(name: str, given: object) -> bool:
    if origin_of(name.upper()) is Origin.ENVIRONMENT:
        return False
    try:
        return bool(typed(name.upper(), given) != getattr(settings(), name))
    except SettingsError:
        return True


@contextmanager
def _alone(instance: Path) -> Iterator[None]:
    """Only one process writes at a time."""
    instance.mkdir(parents=True, exist_ok=True)
    with (instance / ".config.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
