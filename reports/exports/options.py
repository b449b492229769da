"""What an export is asked to do and where it writes, and whether it can: told before anything is trained.

Imports nothing heavy before it is called.
"""

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import UserError

if TYPE_CHECKING:
    from search.record.record import Record

ROOM_BYTES = 64 << 20  # what predictions, tables, figures and artifacts of a report may take


@dataclass(frozen=True)
class ExportOptions:
    """What an export does, and where it writes."""

    top: int  # how many of the best trials are finalists; baselines are added
    seeds: int  # how many each is trained under
    audit: int  # how many pruned trials are run to their end
    retrain: bool  # whether there are finalists at all
    retest: bool  # whether the test set is opened again for models that are tested
    folder: Path | None  # where page and tables go; the study's own unless given
    csv: Path  # the name of the finalists' table
    data_dir: str | None  # the only folder to look for the data in
    ensemble: bool = False  # whether trials of the search are tested together as well

    def command(self, study: str) -> str:
        """Return the command that does it, as the ledger names it."""
        return f"{self.command_to_repeat(study)}{' --retest' * self.retest}"

    def command_to_repeat(self, study: str) -> str:
        """Return the command that gets the same page again, where a study was searched anew."""
        words = ["python", "-m", "reports.export", "--study", study]
        if not self.retrain:
            words.append("--no-retrain")
        else:
            words += ["--top", str(self.top), "--seeds", str(self.seeds)]
        words += ["--audit", str(self.audit)] if self.audit else []
        return shlex.join(words + ["--ensemble"] * self.ensemble)


def check_possible(record: "Record", options: ExportOptions) -> None:
    """Raise UserError where a study cannot have what is asked for."""
    label = record.study.family.label
    asked = {"--audit": bool(options.audit), "--retest": options.retest, "--data-dir": options.data_dir is not None}
    asked["--ensemble"] = options.ensemble
    if options.ensemble and not options.retrain:
        raise UserError(
            "an ensemble is one more finalist, and there are to be none", "leave out --ensemble or --no-retrain"
        )
    if record.study.family.external and (given := [option for option, is_given in asked.items() if is_given]):
        raise UserError(f"{label} trains by itself, without a test set or an audit", f"leave out {given[0]}")


def check_writable(folder: Path, csv: Path) -> None:
    """Raise UserError where the folder or its table cannot be written: now, not after minutes of training."""
    table = folder / csv
    if table.is_dir() or (not table.parent.is_dir() and table.parent != folder):
        what = "is a folder" if table.is_dir() else "lies in a folder that is not there"
        raise UserError(f"{table} {what}", "name a file with --csv, like --csv results.csv")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for probe in (folder / ".writable", table.with_name(f".{table.name}.writable")):
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written to: {error.strerror}", "choose another folder with --out"
        ) from None


def check_room(*folders: Path) -> None:
    """Raise UserError where a disk is all but full: before the test set is opened, which cannot be undone."""
    for folder in folders:
        if (free := shutil.disk_usage(folder).free) < ROOM_BYTES:
            raise UserError(
                f"{folder} is on a disk with {free >> 20} MiB left; a report takes up to {ROOM_BYTES >> 20} MiB",
                "make room, then give the same command again; the finalists are trained, the test set is still shut",
            )
