"""Snapshots in a server's database, from which a coordinator on any machine goes on: their files, cut into chunks.

A snapshot is written in one transaction, which renews the lease: it is there whole or not at all, and a process that
has lost its study writes none. Knows nothing of what is in a file.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import delete, insert, select

from search.record.postgres import retried
from search.record.record import Record
from search.record.tables import SnapshotChunk

OUTPUTS = "outputs"  # the run whose ticks are trials: what they answered
CHUNK_BYTES = 8 << 20  # a server takes up to 1 GB, but its client keeps it in memory several times over


class SnapshotTable:
    """The snapshots of one run of a study, by its name; "" is the search."""

    def __init__(self, record: Record, run: str) -> None:
        self._record, self._run = record, run
        self._mine = (SnapshotChunk.study == record.row, SnapshotChunk.run == run)

    @retried
    def ticks(self) -> list[int]:
        """Return the ticks that have a snapshot, oldest first."""
        with self._record.reading() as connection:
            return sorted(connection.scalars(select(SnapshotChunk.tick).distinct().where(*self._mine)))

    @retried
    def put(self, tick: int, folder: Path, keep: int | None = None) -> None:
        """Write the files of a folder as the snapshot of a tick, and remove all but the newest `keep`, if given."""
        with self._record.writing() as connection:
            connection.execute(delete(SnapshotChunk).where(*self._mine, SnapshotChunk.tick == tick))
            snapshot = {"study": self._record.row, "run": self._run, "tick": tick}
            for file in sorted(folder.iterdir()):
                for number, content in enumerate(_chunks(file)):
                    chunk = {"file": file.name, "chunk": number, "bytes": content}
                    connection.execute(insert(SnapshotChunk), snapshot | chunk)
            ticks = connection.scalars(select(SnapshotChunk.tick).distinct().where(*self._mine))
            if keep is not None and (old := sorted(ticks)[:-keep]):
                connection.execute(delete(SnapshotChunk).where(*self._mine, SnapshotChunk.tick.in_(old)))

    @retried
    def get(self, tick: int, folder: Path) -> None:
        """Write the files of a snapshot into a folder; none, where there is no such snapshot."""
        query = select(SnapshotChunk.file, SnapshotChunk.bytes).where(*self._mine, SnapshotChunk.tick == tick)
        with self._record.reading() as connection, ExitStack() as opened:
            rows = connection.execution_options(yield_per=1).execute(
                query.order_by(SnapshotChunk.file, SnapshotChunk.chunk)
            )
            files = {}
            for name, content in rows:
                if name not in files:
                    files[name] = opened.enter_context((folder / name).open("wb"))
                files[name].write(content)

    @retried
    def remove(self, tick: int) -> None:
        """Remove the snapshot of a tick, if there is one."""
        with self._record.writing() as connection:
            connection.execute(delete(SnapshotChunk).where(*self._mine, SnapshotChunk.tick == tick))

    @retried
    def clear(self) -> None:
        """Remove all snapshots of the run; those of all runs of the study, where this one is its search.

        Outputs that are kept stay.
        """
        with self._record.writing() as connection:
            mine = self._mine if self._run else (SnapshotChunk.study == self._record.row, SnapshotChunk.run != OUTPUTS)
            connection.execute(delete(SnapshotChunk).where(*mine))

    @retried
    def clear_runs(self) -> None:
        """Remove all snapshots of the runs whose names begin with this one's and a hyphen."""
        mine = (SnapshotChunk.study == self._record.row, SnapshotChunk.run.startswith(f"{self._run}-", autoescape=True))
        with self._record.writing() as connection:
            connection.execute(delete(SnapshotChunk).where(*mine))


def _chunks(file: Path) -> Iterator[bytes]:
    """Read a file in chunks; an empty file is one empty chunk."""
    with file.open("rb") as stream:
        yield stream.read(CHUNK_BYTES)
        while content := stream.read(CHUNK_BYTES):
            yield content
