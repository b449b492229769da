"""Study files: finds one by its name, runs it, and says what is wrong with it.

A study has the name of its file: `mlp` is `studies/mlp.py`, of the current folder or of this installation; anything
with a slash or `.py` is a path. Knows neither torch, Optuna nor the database: listing studies reads two folders.
"""

import builtins
import hashlib
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from pydantic import ValidationError

from models.errors import Stopped, UserError, did_you_mean
from models.source_code import files_beside
from search.config.study import Study
from search.config.translate import describe_type, translate
from studyhall import importing

INSTALLED = Path(__file__).resolve().parents[2] / "studies"  # beside the package `search`, wherever that is
PATTERN = INSTALLED / "mlp.py"  # the page to copy
_folders: list[str] = []  # of study files that this process has run, and that sys.path has for them alone


@dataclass(frozen=True)
class NamedStudy:
    """A study with the file it comes from.

    Attributes:
        name: The file's name without `.py`.
        study: What the file assigns to `study`.
        text: The file's text, exactly as it was run.
        path: The file's absolute path.
    """

    name: str
    study: Study
    text: str
    path: Path


def files() -> dict[str, Path]:
    """Return every study's file by name. The current folder's studies hide installed ones of the same name."""
    folders = (INSTALLED, Path.cwd() / "studies")
    return {path.stem: path for folder in folders for path in folder.glob("[!_.]*.py")}


def names() -> list[str]:
    """Return the names of all studies, sorted. Reads folders, not files: nothing is imported."""
    return sorted(files())


def load(name_or_path: str) -> NamedStudy:
    """Run one study file and return its study.

    Args:
        name_or_path: "mlp", or a path that ends in `.py` or has a slash.

    Raises:
        UserError: There is no such study, or its file cannot be read or run, or breaks a rule.
    """
    path = _find(name_or_path)
    text = _read(path)
    study = vars(_run(path, text)).get("study")
    remedy = f"let it say study = Study(...), as {_shown(PATTERN)} does"
    if study is None:
        raise UserError(f"{_shown(path)} assigns no `study`", remedy)
    if not isinstance(study, Study):
        raise UserError(f"`study` in {_shown(path)} is {describe_type(study)}, not a Study", remedy)
    return NamedStudy(path.stem, study, text, path)


def override(study: Study, **changes: object) -> Study:
    """Return a study with some fields changed, checked again as a whole.

    Args:
        study: The study.
        changes: New values of its fields. None leaves a field as it is: an option that was not given.

    Raises:
        UserError: The changed study breaks a rule.
    """
    given = {field: value for field, value in changes.items() if value is not None}
    try:
        return Study(**{name: value for name, value in study if name in study.model_fields_set} | given)
    except ValidationError as error:
        raise translate(error, "options") from error


# --- finding and running a file ---------------------------------------------------------------------------------------


def _find(name_or_path: str) -> Path:
    if name_or_path.endswith(".py") or "/" in name_or_path:
        path = Path(name_or_path).expanduser().absolute()
        if not os.path.isfile(path):  # which is False, too, for a path that no system can hold
            raise UserError(
                f"there is no study file {name_or_path}", f"check the path, or name one of: {', '.join(names())}"
            )
        return path
    studies = files()
    name, _, dataset = name_or_path.partition("@")
    if dataset and name in studies:  # as its report and the list of studies call it
        raise UserError(f'"{name_or_path}" is the study {name} on {dataset}', f"--study {name} --dataset {dataset}")
    if name_or_path not in studies:
        raise UserError(
            f'no study named "{name_or_path}"{did_you_mean(name_or_path, studies)}',
            f"studies: {', '.join(sorted(studies))}\n"
            f"  your own: --new NAME writes one to start from; or pass --study path/to/file.py",
        )
    return studies[name_or_path]


def _read(path: Path) -> str:
    try:
        if not (path.is_file() or path.is_dir()):  # a device or a pipe could be read for ever
            raise UserError(f"{_shown(path)} is no file", "name a Python file")
        return path.read_text(encoding="utf-8-sig")  # with or without the mark that some editors put before it
    except OSError as error:
        raise UserError(
            f"{_shown(path)} cannot be read: {error.strerror}", "check that it is a file, and that you may read it"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(f"{_shown(path)} is no text in UTF-8", "save it in UTF-8, as Python files are") from error


def _run(path: Path, text: str) -> ModuleType:
    """Run a study file as a module of its own.

    The import system would leave a cache beside the user's file, and take a stale one for a file that was edited twice
    within one second.
    """
    module = ModuleType(f"study_file_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}")
    module.__file__ = str(path)
    vars(module)["__builtins__"] = builtins  # whose imports are the user's; see studyhall.importing
    sys.modules[module.__name__] = module  # classes that the file defines look for their module there
    leave = os._exit
    os._exit = _refuse_to_leave
    try:
        code = compile(text, str(path), "exec", dont_inherit=True)
        _let_import_beside(path, text)
        exec(code, vars(module))  # noqa: S102 - its owner asks us to run it
    except (UserError, KeyboardInterrupt, Stopped):
        raise
    except BaseException as error:  # whatever a file raises, its user is told the line
        raise _loading_failed(path, error) from error
    finally:
        os._exit = leave
    return module


def _let_import_beside(path: Path, text: str) -> None:
    """Let a study file import what lies beside it, as a script can: behind all that is installed.

    Raises:
        UserError: What it imports has a name under which this process has a module from beside another study file.
    """
    folder = str(path.parent)
    others = [each for each in _folders if each != folder]
    for file in files_beside(text, path.parent) if others else ():
        parts = file.relative_to(path.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        there = Path(getattr(sys.modules.get(name), "__file__", None) or file)
        if there != file and any(there.is_relative_to(each) for each in others):
            raise UserError(
                f"{_shown(path)} imports {name}, and in this process that is {_shown(there)}",
                "search the two studies in processes of their own, or give one of the files another name",
            )
    if folder not in sys.path:
        _folders.append(folder)
    if folder in _folders:  # before those of other study files, which may have files of the same names
        sys.path[:] = [*(each for each in sys.path if each not in _folders), folder, *others]


def _refuse_to_leave(status: int) -> NoReturn:
    raise SystemExit(status)


def _loading_failed(path: Path, error: BaseException) -> UserError:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return UserError(f"{_shown(path)}, line {error.lineno}: {error.msg}", "correct the line; it is not Python yet")
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    where = f"{_shown(path)}, line {lines[-1]}" if lines else _shown(path)
    if isinstance(error, ValidationError):
        return translate(error, where)
    if isinstance(error, ImportError) and (remedy := importing.remedy(error, path.parent)):
        return UserError(f"{where}: {type(error).__name__}: {error}", remedy)
    return UserError(
        f"{where}: {type(error).__name__}: {_text(error)}",
        f"correct the line; a study file is imports and one assignment, as {_shown(PATTERN)} is",
    )


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 (the file's own class)
        return "it cannot be shown"


def _shown(path: Path) -> str:
    """The path as one types it in the current folder."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
