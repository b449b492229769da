"""Snapshots in a server's database, where a coordinator on any machine finds them: their files, cut into pieces.

snapshots.py puts them here and takes them out; it does not know tables, and here nobody knows what is in a file. A
snapshot is written in one transaction that begins by renewing the lease: it is there whole or not at all, and a process
that lost its study writes none.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import delete, insert, select

from search.record.postgres import again
from search.record.record import Record
from search.record.tables import SnapshotChunk

PIECE = 8 << 20  # bytes: a server takes up to 1 GB, and whoever sends it keeps it in memory several times over


class SnapshotTable:
    """The snapshots of one run of a study."""

    def __init__(self, record: Record, run: str) -> None:
        self._record, self._run = record, run
        self._mine = (SnapshotChunk.study == record.row, SnapshotChunk.run == run)

    @again
    def ticks(self) -> list[int]:
        """The ticks that have a snapshot, the oldest first."""
        with self._record.reading() as connection:
            return sorted(connection.scalars(select(SnapshotChunk.tick).distinct().where(*self._mine)))

    @again
    def put(self, tick: int, folder: Path, keep: int) -> None:
        """Let the files of a folder be the snapshot of a tick, and no more than `keep` be there, the newest."""
        with self._record.writing() as connection:
            connection.execute(delete(SnapshotChunk).where(*self._mine, SnapshotChunk.tick == tick))
            for file in sorted(folder.iterdir()):
                for number, piece in enumerate(_pieces(file)):
                    of = {"study": self._record.row, "run": self._run, "tick": tick}
                    connection.execute(insert(SnapshotChunk), of | {"file": file.name, "piece": number, "bytes": piece})
            there = connection.scalars(select(SnapshotChunk.tick).distinct().where(*self._mine))
            if old := sorted(there)[:-keep]:
                connection.execute(delete(SnapshotChunk).where(*self._mine, SnapshotChunk.tick.in_(old)))

    @again
    def get(self, tick: int, folder: Path) -> None:
        """Write the files of a snapshot into a folder. There are none, if there is no such snapshot."""
        wanted = select(SnapshotChunk.file, SnapshotChunk.bytes).where(*self._mine, SnapshotChunk.tick == tick)
        with self._record.reading() as connection, ExitStack() as opened:
            rows = connection.execution_options(yield_per=1).execute(
                wanted.order_by(SnapshotChunk.file, SnapshotChunk.piece)
            )
            files = {}
            for name, piece in rows:
                if name not in files:
                    files[name] = opened.enter_context((folder / name).open("wb"))
                files[name].write(piece)

    @again
    def remove(self, tick: int) -> None:
        """Remove the snapshot of a tick, if there is one."""
        with self._record.writing() as connection:
            connection.execute(delete(SnapshotChunk).where(*self._mine, SnapshotChunk.tick == tick))

    @again
    def clear(self) -> None:
        """Remove all; the study's search, which has no name, removes those of all its runs."""
        with self._record.writing() as connection:
            mine = self._mine if self._run else self._mine[:1]
            connection.execute(delete(SnapshotChunk).where(*mine))


def _pieces(file: Path) -> Iterator[bytes]:
    """The content of a file; an empty one is one empty piece."""
    with file.open("rb") as stream:
        yield stream.read(PIECE)
        while piece := stream.read(PIECE):
            yield piece
