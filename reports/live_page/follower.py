"""Follows the record of one study, and tells what a page needs: all of it, or what has changed.

Asks for one row several times a second, and reads trials and scores only where that has changed; writes nothing. So it
follows a run of this process, of another one, or of another machine alike. Knows no browser.
"""

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

from optuna.trial import TrialState

from models.config.messages import EpochMetrics
from models.console import as_given
from models.errors import UserError
from reports.live_page.history import SearchHistory
from search.cli.listing import how_far
from search.cli.wording import lanes_text, parameters_text
from search.cli.work import Pace, best_first, work_left
from search.objective import front_of
from search.options import DEFAULT_STORAGE
from search.record.record import Record
from search.record.store import Store
from search.trial import TrialRow

Reading = tuple[Record, str | None, list[TrialRow], list[tuple[int, EpochMetrics]]]

LOOK_SECONDS = 3.0  # after which it looks again where nothing was written: an owner may have been killed
ENDED, BEST, LINES = 200, 20, 200  # ended trials (the newest, and the best), and lines of what happened, that are sent


class Follower:
    """One study of a database as the live page shows it.

    `read` asks the database, which may take its time; `fold` takes over what was read, and `snapshot` returns it all.

    Args:
        store: The database.
        url: Its address, which commands on the page name where it is not the usual one, without a password.
        name: The study's name. Where it is archived and begun anew, the new one is followed.
        clock: Returns seconds.
    """

    def __init__(self, store: Store, url: str, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._url, self._name, self._clock = store, url, name, clock
        self._pulse: tuple[Any, ...] | None = None
        self._looked = float("-inf")
        self._record: Record | None = None
        self._history: SearchHistory | None = None
        self._pace = Pace(clock)
        self._now: dict[str, Any] = {"phase": "absent", "trouble": None}
        self._states: dict[int, TrialState] = {}  # of the trials that are known
        self._sent = (0, 0)  # lines and best values that have been sent

    # --- read

    def read(self) -> Reading | str | None:
        """Return what has been written since the last time; None where nothing has, and what is wrong as a text."""
        try:
            if not self._store.database.in_place:
                return f"{self._store.masked} was removed or replaced; give the command again where it is there"
            pulse = self._store.pulse(self._name)
            if pulse is None:
                return f"there is no study `{self._name}` any more"
            if pulse == self._pulse and self._clock() - self._looked < LOOK_SECONDS:
                return None
            record = self._record
            if record is None or self._pulse is None or pulse[:2] != self._pulse[:2]:  # begun, or claimed anew
                record = self._store.find(self._name)
            if record is None:
                return f"there is no study `{self._name}` any more"
            same = self._history if self._record is not None and record.row == self._record.row else None
            known = self._states if same else {}
            states = record.states(same.first_open if same else 0)
            changed = [number for number, state in states.items() if known.get(number) != state]
            rows = record.trials(min(changed)) if changed else []
            scores = record.scores(same.tick if same else -1) if pulse != self._pulse else []  # after the rows
            owner = record.owner()
        except UserError as error:
            return f"{error.what}; {error.remedy}"
        self._pulse, self._looked, self._states = pulse, self._clock(), known | states
        return record, owner, rows, scores

    # --- fold

    def fold(self, reading: Reading | str | None) -> dict[str, Any] | None:
        """Take over what was read; return what has changed, for pages that have all that came before.

        Returns:
            None where nothing has; with "trials" missing where another study is followed now, of which a page
                needs all.
        """
        if reading is None:
            return None
        if isinstance(reading, str):
            return self._summary({**self._now, "trouble": reading})
        record, owner, rows, scores = reading
        new = self._record is None or self._history is None or record.row != self._record.row
        if self._history is None or new:
            self._history, self._sent = SearchHistory(record.study), (0, 0)
        if record is not self._record:  # claimed by another run: how fast it is, is not known yet
            self._pace.clear()
        self._record, history = record, self._history
        if history.study != record.study:  # another number of trials
            new, history.study = True, record.study
        history.add(rows, scores)
        now = self._told(record, history, owner)
        if not history.changed and not new:
            return self._summary(now)
        lines, bests = self._sent
        self._sent = len(history.happenings), len(history.best)
        change = {
            "now": now,
            "trials": [self._trial(number) for number in sorted(history.changed)],
            "lines": [each.as_data() for each in history.happenings[lines:]],
            "best": history.best[bests:],
        }
        for number in history.changed:
            history.trials[number].told = len(history.trials[number].values)
        history.changed = set()
        self._now = now
        return {"now": now} if new else change

    def _trial(self, number: int) -> dict[str, Any]:
        assert self._history is not None
        trial = self._history.trials[number]
        return trial.as_data(self._history.study, trial.told, whole=trial.told == 0)

    def _summary(self, now: dict[str, Any]) -> dict[str, Any] | None:
        if now == self._now:
            return None
        self._now = now
        return {"now": now, "trials": [], "lines": [], "best": []}

    def _told(self, record: Record, history: SearchHistory, owner: str | None) -> dict[str, Any]:
        """Return the figures at the head of the page."""
        study, objective = history.study, history.study.objective
        planned, ended, finished = how_far(study, [it.row for it in history.trials.values()])
        states = Counter(it.state for it in history.unfinished)
        leader, baseline = history.leader(), history.baseline()
        value = None if leader is None else leader.value(study)
        known = None if baseline is None else baseline.row.value
        gain = None if value is None or known is None else objective.cost(known) - objective.cost(value)
        report = record.folder / "report.html"
        front = len(front_of((it.row for it in history.trials.values()), objective))
        return {
            "phase": ("exporting" if owner else "finished") if finished else "training" if owner else "paused",
            "trouble": None,
            "tick": history.tick,
            "planned": planned,
            "ended": dict(Counter(history.trials[row.number].state for row in ended)),
            **{state: states[state] for state in ("training", "paused", "waiting")},
            "leader": None if leader is None else leader.row.number,
            "front": f"{front} on the front" if front else None,
            "leads": leader is not None and not leader.is_over,
            "value": None if value is None else objective.text(value),
            "params": None if leader is None else parameters_text(study.to_external(leader.row.params)),
            "baseline": None if known is None else objective.text(known),
            "gain": None if gain is None else f"{objective.text(abs(gain))} {'worse' if gain < 0 else 'better'} than",
            "epochs": history.reached.total(),
            "left": self._left(history, planned - len(ended)) if owner and not finished else None,
            "report": self._report(report, [it.row for it in history.trials.values()]),
        }

    def _left(self, history: SearchHistory, unended: int) -> float | None:
        """Return the seconds that are left, about: the work that is expected, at the recent pace."""
        self._pace.note(history.spent)
        if (pace := self._pace.seconds()) is None:
            return None
        begun = [it for it in history.unfinished if it.values]
        training = {it.row.number: len(it.values) for it in begun if it.state == "training"}
        curves = {it.row.number: it.curve for it in begun if it.state == "paused"}
        waiting = best_first(curves, history.study.objective)
        unbegun = max(0, unended - len(begun))
        work = work_left(history.study, unbegun, history.reached, training, waiting, history.epoch_seconds)
        return round(pace * work, 1)

    def _report(self, file: Path, rows: list[TrialRow]) -> str | None:
        """Return "new" where the report is of these trials, "old" where some have ended since, None without one."""
        try:
            written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except OSError:
            return None
        return "old" if any(row.finished is not None and row.finished > written for row in rows) else "new"

    # --- all of it

    def snapshot(self) -> dict[str, Any]:
        """Return all that a page needs which knows nothing: of ended trials the newest and the best."""
        if self._record is None or self._history is None:
            return {"now": self._now}
        history, study = self._history, self._history.study
        there = "" if self._url == DEFAULT_STORAGE else f" --storage {quote(self._store.masked)}"
        over = [it for it in history.trials.values() if it.is_over]
        best = sorted((it for it in over if it.key is not None), key=lambda it: it.key or (0.0, 0.0, 0))[:BEST]
        shown = {it.row.number: it for it in [*history.unfinished, *over[-ENDED:], *best]}
        return {
            "study": {
                "name": self._name,
                "about": study.about,
                "data": study.dataset,
                "family": study.family.label,
                "metric": study.objective.metric.replace("_", " "),
                "maximize": study.objective.direction == "maximize",
                "epochs": study.epochs,
                "lanes": lanes_text(study),
                "pruner": study.pruner.describe(study.epochs),
                "export": as_given(f"python -m reports.export --study {quote(self._name)}{there}"),
                "again": as_given(f"python -m reports.live --study {quote(self._name)}{there}"),
                "rungs": sorted(study.pruner.rungs(study.epochs)),
            },
            "now": self._now,
            "trials": [shown[number].as_data(study, 0, whole=True) for number in sorted(shown)],
            "lines": [each.as_data() for each in history.happenings[-LINES:]],
            "best": history.best,
            "omitted": len(over) - sum(it.is_over for it in shown.values()),
        }

    @property
    def report(self) -> Path | None:
        """The file of the report, whether it is there or not; None before the study is known."""
        return None if self._record is None else self._record.folder / "report.html"
