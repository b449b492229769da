"""A PostgreSQL server of the tests' own: in a temporary folder, stopped, killed and started as tests need it.

It is whatever server the machine has installed (Debian's package `postgresql`, or binaries in PATH): what users run,
for every Python, with its own start and end. A package that brings a server by pip has none of the three.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

USER, PASSWORD = "studyhall", "geheim"
NOBODY = 65534  # the server refuses to run as root, but not as nobody

# Nothing here must survive a power failure, though all that was committed must survive a crash of the server alone.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "40",
    "dynamic_shared_memory_type": "mmap",  # the /dev/shm of a container may be tiny
    "autovacuum": "off",
    "log_min_messages": "fatal",
    "max_wal_size": "64MB",  # what lies on the disk when it is removed costs time, a minute in a gigabyte
    "min_wal_size": "32MB",
}

DURABLE = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on", "max_wal_size": "1GB", "min_wal_size": "80MB"}


def binaries() -> Path | None:
    """The folder of the newest server that this machine has."""

    def version(folder: Path) -> int:
        found = re.search(r"\d+", folder.parent.name)
        return int(found.group()) if found else 0

    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    installed = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / "initdb").exists()]
    return max(installed, key=version, default=None)


class Server:
    """One server with its data in a temporary folder. Raises OSError or CalledProcessError where it cannot be had."""

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        """`durable` keeps the server's own ways with the disk, for measurements."""
        self.binaries = binaries
        self._settings = {**SETTINGS, **(DURABLE if durable else {})}
        self._user = NOBODY if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="studyhall-postgres-"))
        if self._user is not None:
            os.chown(self.folder, self._user, self._user)
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        made = ["--pgdata", self.folder / "data", "--username", USER, "--pwfile", password, "--auth", "scram-sha-256"]
        self._run("initdb", *map(str, made), "--encoding", "UTF8", "--locale", "C", "--no-sync")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self._made, self._dropped = 0, 0
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.binaries / program), *arguments],
            check=True,
            capture_output=True,
            user=self._user,
            group=self._user,
            cwd=self.folder,
        )

    def start(self) -> None:
        """Start it, and wait until it lets somebody in."""
        settings = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        # It ends with the tests, however they end: Linux tells it when the thread ends that started it.
        held = shutil.which("setpriv") and threading.current_thread() is threading.main_thread()
        leash = ["setpriv", "--pdeathsig", "QUIT"] if held else []
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [
                    *leash,
                    str(self.binaries / "postgres"),
                    *("-D", str(self.folder / "data"), "-k", str(self.folder), "-p", str(self.port), *settings),
                ],
                stdout=log,
                stderr=log,
                user=self._user,
                group=self._user,
                cwd=self.folder,
            )
        end = time.monotonic() + 60
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise OSError(f"postgres does not start: {(self.folder / 'log').read_text()[-500:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run("pg_isready", "--host", "127.0.0.1", "--port", str(self.port))
            return True
        return False

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: every session is cut off, and it shuts down in order. SIGQUIT: as if it had crashed."""
        self._process.send_signal(how)
        self._process.wait()

    def cpu_seconds(self) -> float:
        """The processor time of all its processes, those that have ended included."""
        first = self._process.pid
        living = [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]
        ticks = 0
        for pid in living:
            with contextlib.suppress(FileNotFoundError):  # it has just ended
                spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
                ticks += sum(map(int, spent if pid == first else spent[:2]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Stop it and remove all it had."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def url(self, database: str, user: str = USER, password: str = PASSWORD) -> str:
        """The address of one of its databases."""
        return f"postgresql+psycopg://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def new(self) -> str:
        """The address of a new, empty database."""
        self._made += 1
        name = f"runs_{self._made}"
        self.do(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop_all(self) -> None:
        """Remove the databases that were made so far, whoever is connected."""
        for number in range(self._dropped + 1, self._made + 1):
            self.do(f"DROP DATABASE IF EXISTS runs_{number} WITH (FORCE)")
        self._dropped = self._made

    def do(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement as the server's owner; returns its rows, if it has any."""
        import psycopg

        where = f"host=127.0.0.1 port={self.port} user={USER} password={PASSWORD} dbname={database}"
        with contextlib.closing(psycopg.connect(where, autocommit=True)) as connection:
            cursor = connection.execute(statement.encode())
            return [] if cursor.description is None else cursor.fetchall()
