"""The record of one study: its trials in Optuna's tables, and in ours what Optuna has no place for.

Every write is idempotent: what is there stays, so that after a kill at any moment the same write can be made again.
Every write is one transaction, which begins by renewing the lease. Nothing here samples, prunes or trains.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from optuna.distributions import BaseDistribution
from sqlalchemy import select, update
from sqlalchemy.engine import Row

from models.config.messages import EpochMetrics
from search.config.study import Study
from search.record.database import Database
from search.record.finalists import StudyFinalists
from search.record.foreign import ForeignTrials
from search.record.ledger import StudyLedger
from search.record.postgres import retried
from search.record.scores import StudyScores
from search.record.tables import Studies
from search.record.trial_writes import WritableTrials, check_ended, check_new
from search.trial import Ending, TrialRow


class Record(WritableTrials, ForeignTrials, StudyScores, StudyFinalists, StudyLedger):
    """One study with its trials, scores, finalists and ledger. `Store.begin` and `Store.find` make it.

    Reading needs nothing. Every write needs the lease, and raises LeaseLost when another process has taken it.
    """

    def __init__(self, database: Database, folder: Path, clock: Callable[[], datetime], row: Row[Any]) -> None:
        super().__init__(database, folder, clock, row)
        self.study = Study.model_validate(row.study)
        self.text: str = row.text  # the study file
        self.fingerprint: dict[str, Any] = row.fingerprint
        self.environment: dict[str, Any] = row.environment
        self.in_a_file = database.is_file  # then the snapshots lie beside it

    def _claimed_values(self) -> dict[str, Any]:
        return {"study": self.study.model_dump(mode="json"), "text": self.text}

    @retried
    def write(
        self,
        tick: int,
        *,
        begun: Sequence[TrialRow] = (),
        scores: Sequence[EpochMetrics] = (),
        ended: Sequence[TrialRow] = (),
        distributions: Mapping[str, BaseDistribution] | None = None,
    ) -> None:
        """Write what a step of the loop has changed, in one transaction.

        A trial, a score or an end that is there stays as it is.

        Args:
            tick: The tick that the scores belong to.
            begun: Trials to insert, by number; each either joins at a tick or repeats another trial.
            scores: The metrics of lanes, which are trial numbers.
            ended: Trials to end, with state, value and reason.
            distributions: Those of the parameters; needed where trials are begun.

        Raises:
            TrialsAdded: Another program has added a trial that is not known yet, or taken up a suggestion.
            RuntimeError: A number has other parameters already, or is not the next one.
            ValueError: A parameter lies outside its distribution, or an end lacks the value that it must have.
        """
        for row in begun:
            check_new(row, distributions or {})
        for row in ended:
            check_ended(row)
        if not (begun or scores or ended):
            return
        with self.writing() as connection:
            ids = self._ids_in(connection)
            if begun:
                ids |= self._insert_trials(connection, ids, begun, distributions or {})
            if scores:
                self._insert_scores(connection, ids, self.study.objective, tick, scores)
            if ended:
                self._end_trials(connection, ids, ended)
        self._ids = ids  # which are committed now

    def tell(
        self,
        number: int,
        state: Ending,
        value: float | None,
        *,
        diverged_at: int | None = None,
        reason: str | None = None,
        waited_until: int | None = None,
    ) -> None:
        """End one trial; see `write` and `keep_reason`."""
        reason = None if reason is None else self.keep_reason(number, reason)
        ended = TrialRow(
            number, state, {}, value=value, diverged_at=diverged_at, reason=reason, waited_until=waited_until
        )
        self.write(0, ended=[ended])

    def keep_reason(self, number: int, reason: str) -> str:
        """Return why a trial failed, in a line: of a traceback the last one; all of it is kept as a file."""
        if len(lines := reason.strip().splitlines()) <= 1:
            return reason
        file = self.folder / "failures" / f"trial-{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(reason, encoding="utf-8")
        return f"{lines[-1]} ({file.relative_to(self.folder)})"

    def spend(self, seconds: Mapping[str, float]) -> None:
        """Add the seconds that a run took, by part, to `environment["spent"]`; a run that was killed adds nothing."""
        with self._changed_environment() as environment:
            before = environment.get("spent", {})
            environment["spent"] = {part: before.get(part, 0.0) + more for part, more in seconds.items()}

    def keep_counts(self, train: int, validation: int) -> None:
        """Write down how many examples a trial is trained on and scored on: `environment["examples"]`."""
        with self._changed_environment() as environment:
            environment["examples"] = {"train": train, "validation": validation}

    def continue_on(self, machine: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """Write down on what kind of machine the study goes on: `environment["machines"]` has each, and since when.

        Returns:
            What is different from the last one, as (before, now); nothing where it is the same kind.
        """
        with self._changed_environment() as environment:
            first = {key: environment[key] for key in machine if key in environment}
            machines = environment.get("machines", [first])
            before = machines[-1]
            different = {key: (before[key], now) for key, now in machine.items() if before.get(key, now) != now}
            if different:
                since = self._clock().isoformat(timespec="seconds")
                environment["machines"] = [*machines, {"since": since, **machine}]
        return different

    @contextmanager
    def _changed_environment(self) -> Iterator[dict[str, Any]]:
        """Yield a copy of what is recorded of the environment, and write what was changed in it, in one transaction."""
        mine = Studies.id == self.row
        with self.writing() as connection:
            before = connection.scalars(select(Studies.environment).where(mine)).one()
            environment = dict(before)
            yield environment
            if environment != before:
                connection.execute(update(Studies).where(mine).values(environment=environment))
        self.environment = environment
