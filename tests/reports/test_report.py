"""The report: its frames are right, its words follow from them, and every study gets a page that is safe to open."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
from safetensors.numpy import save_file
from sklearn.metrics import classification_report, confusion_matrix

from models.config.families import Mlp
from models.config.messages import EpochMetrics
from reports import figures, frames, page, plates, tables, tested
from reports.audit import draw
from reports.checks import CHECKS, checks
from reports.frames import Final, Findings
from reports.verdict import verdict
from search.config.baseline import Baseline
from search.config.space import Choice, Float, Int
from search.config.study import Study
from search.pruners.none import NoPruner
from search.record.fingerprint import fingerprint
from search.record.record import Record
from search.record.rows import FinalistRow
from search.record.store import Store
from search.samplers.distributions import distributions
from search.trial import Ending, TrialRow
from tests.support.records import insert, insert_metrics

optuna.logging.set_verbosity(optuna.logging.WARNING)

EVIL = "</script><script>alert(1)</script>"
EPOCHS = 4


def a_study(**changes: object) -> Study:
    words: dict[str, object] = {
        "about": f"about {EVIL}",
        "family": Mlp(),
        "data": "digits",
        "epochs": EPOCHS,
        "trials": 10,
        "space": {
            "learning_rate": Float(1e-3, 1.0, log=True),
            "hidden": Int(16, 512, log=True),
            "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
        },
        "baselines": (
            Baseline(
                f"known {EVIL}", hidden=100, learning_rate=0.01, weight_decay=0.0, published={"test_accuracy": 0.5}
            ),
        ),
    }
    return Study.model_validate(words | changes)


def a_record(folder: Path, study: Study) -> Record:
    store = Store(f"sqlite:///{folder}/studies.db")
    text = f"study = ...  # {EVIL}"
    return store.begin("made", study, fingerprint(study, "f00", "cpu"), {"python": "3.11"}, text)


def add(record: Record, number: int, accuracies: Sequence[float], fate: Ending | None, hidden: int = 64) -> None:
    """Add a trial with a curve; fate None leaves it running, an accuracy that is no number lets it diverge."""
    study = record.study
    baseline = study.baselines[number] if number < len(study.baselines) else None
    rate = min(1.0, 0.01 * (1 + number))
    told = baseline.parameters if baseline else {"learning_rate": rate, "hidden": hidden, "weight_decay": 1e-4}
    row = TrialRow(number, "running", study.to_internal(told), joined=1, baseline=baseline.name if baseline else None)
    with record.lease():
        insert(record, row, distributions(study))
        for epoch, accuracy in enumerate(accuracies, start=1):
            score = EpochMetrics(
                lane=number,
                epoch=epoch,
                train={"loss": 1 - accuracy, "accuracy": accuracy},
                validation={"loss": 1 - accuracy, "accuracy": 0.1 if np.isnan(accuracy) else accuracy},
                seconds=0.5,
            )
            insert_metrics(record, epoch, [score])
        if fate == "complete":
            record.tell(number, "complete", max(accuracies))
        elif fate == "pruned" and np.isnan(accuracies[-1]):
            record.tell(number, "pruned", None, diverged_at=len(accuracies))
        elif fate is not None:
            record.tell(number, fate, accuracies[-1])


def every_fate(folder: Path) -> Record:
    """A study of every fate: trial 2 is the best, trial 4 diverged, trial 3 was pruned, trial 5 still runs."""
    record = a_record(folder, a_study())
    add(record, 0, [0.5, 0.6, 0.65, 0.7], "complete")
    add(record, 1, [0.6, 0.7, 0.75, 0.8], "complete")
    add(record, 2, [0.6, 0.7, 0.9, 0.85], "complete", hidden=500)
    add(record, 3, [0.55, 0.56], "pruned")
    add(record, 4, [0.3, float("nan")], "pruned")
    add(record, 5, [0.6], None)
    return record


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """The study of `every_fate`."""
    return every_fate(tmp_path)


def final_of(record: Record, accuracies: dict[int, float], seeds: int = 3, images: int = 600) -> Final:
    """Finalists whose models are right about so many images: the first ones, so that all find the same ones hard."""
    draws = np.random.default_rng(0)
    labels = np.arange(images) % 10
    order, logits = draws.permutation(images), {}
    for trial, accuracy in accuracies.items():
        for seed in range(seeds):
            right = np.zeros(images, bool)
            right[order[: round(accuracy * images) + seed]] = True
            said = draws.normal(0, 0.1, (images, 10)).astype(np.float32)
            said[np.arange(images), np.where(right, labels, (labels + 1) % 10)] += 5
            logits[trial, seed] = said
    pictures = draws.integers(0, 255, (images, 1, 28, 28)).astype(np.uint8)
    known = tested.Tested(labels, logits, np.arange(images), pictures, tuple("0123456789"))
    rows = {row.number: row for row in record.trials()}
    ranked = [rows[trial] for trial in accuracies]
    with record.lease():
        for trial, accuracy in accuracies.items():
            for seed in range(seeds):
                model = record.folder / "finalists" / f"trial-{trial}-seed-{seed}.safetensors"
                model.parent.mkdir(exist_ok=True)
                save_file({"hidden1.weight": draws.normal(size=(20, 784)).astype(np.float32)}, model)
                row = FinalistRow(
                    trial,
                    seed,
                    best_epoch=3,
                    validation={"loss": 0.3, "accuracy": accuracy},
                    epochs=3,
                    train={"loss": 0.1, "accuracy": 0.9},
                    train_seconds=1.0,
                    test={"loss": 0.2, "accuracy": accuracy},
                    model=model.name,
                    model_sha256="f00",
                )
                record.save_finalist(row)
                curve = [
                    EpochMetrics(
                        lane=trial * 1000 + seed,
                        epoch=epoch,
                        train={"loss": 1 / epoch, "accuracy": 0.5},
                        validation={"loss": 1.1 / epoch, "accuracy": 0.5},
                        seconds=0.1,
                    )
                    for epoch in range(1, EPOCHS + 1)
                ]
                for score in curve:
                    record.record_finalists("rank", score.epoch, [(trial, seed, score)])
    return frames.final(record, ranked, seeds, known)


def found_of(record: Record, final: Final | None = None) -> Findings:
    return frames.findings(record, final)


def outcome_of(found: Findings, name: str) -> tuple[str, str]:
    check = next(check for check in checks(found) if check.name == name)
    return check.outcome, check.told


# --- the frames of the search -----------------------------------------------------------------------------------------


def test_the_trials_table_tells_every_fate_in_types_that_stay(record: Record) -> None:
    trials = found_of(record).trials
    assert list(trials["fate"]) == ["complete", "complete", "complete", "pruned", "diverged", "running"]
    assert list(trials["best_epoch"])[:3] == [4, 4, 3]
    assert str(trials["hidden"].dtype) == "Int64"
    assert trials.loc[0, "weight_decay"] == 0.0  # the low end, as it is trained
    assert trials.loc[4, "reason"] == "diverged at epoch 2"


def test_the_history_keeps_the_best_complete_trial_so_far(record: Record) -> None:
    history = frames.history_frame(found_of(record))
    assert list(history["best_so_far"]) == [0.7, 0.8, 0.9, 0.9, 0.9, 0.9]


def test_the_learning_curves_tell_each_trial_its_part(record: Record) -> None:
    learning = frames.learning_frame(found_of(record))
    parts = learning.drop_duplicates("trial").set_index("trial")["part"]
    expected = {0: "baseline", 1: "complete", 2: "best", 3: "pruned", 4: "pruned", 5: "pruned"}
    assert parts.to_dict() == expected
    assert len(learning) == 4 + 4 + 4 + 2 + 2 + 1


def test_the_parameters_frame_has_a_row_for_every_trial_and_parameter(record: Record) -> None:
    frame = frames.parameters_frame(found_of(record))
    assert len(frame) == 6 * 3
    assert frame[(frame["parameter"] == "hidden") & (frame["number"] == 2)]["value"].item() == 500


def test_pruning_saves_the_epochs_that_trials_which_are_over_did_not_train(record: Record) -> None:
    saved = frames.savings(found_of(record))
    assert (saved.trained, saved.whole) == (14, 16)  # neither the diverged trial nor the running one counts


def test_the_time_of_each_fate_is_the_sum_of_its_trials(record: Record) -> None:
    times = frames.time_frame(found_of(record)).set_index("fate")
    assert times.loc["complete"].tolist() == [3, 12, 6.0]
    assert list(times.index) == ["complete", "pruned", "diverged", "running"]


def test_a_repeat_takes_no_time_and_draws_no_second_curve(record: Record) -> None:
    row = replace(record.trials()[1], number=6, state="running", joined=None, repeat_of=1, value=None)
    with record.lease():
        insert(record, row, distributions(record.study))
        insert_metrics(record, 5, [score.model_copy(update={"lane": 6}) for score in record.curve(1)])
        record.tell(6, "complete", 0.8)
    found = found_of(record)
    assert found.trials.loc[6, "seconds"] == 0.0
    assert 6 not in set(found.curves["trial"])


def test_an_importance_is_refused_to_few_trials(record: Record) -> None:
    told = frames.importance_frame(found_of(record))
    assert isinstance(told, str)
    assert told.startswith("3 complete trials are too few")


def test_an_importance_finds_the_parameter_that_matters(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(baselines=(), trials=80))
    for number, hidden in enumerate(np.linspace(16, 512, 80).astype(int)):
        add(record, number, [float(hidden) / 600], "complete", hidden=int(hidden))
    frame = frames.importance_frame(found_of(record))
    assert isinstance(frame, pd.DataFrame)
    assert frame["trials"].unique() == [80]
    assert dict(zip(frame["parameter"], frame["importance"], strict=True))["weight_decay"] < 0.1


@pytest.mark.parametrize(
    ("searched", "value", "side"),
    [
        (Float(0.001, 1.0, log=True), 0.9, "high"),
        (Float(0.001, 1.0, log=True), 0.5, None),
        (Float(0.0, 1.0), 0.03, "low"),
        (Int(16, 512, log=True), 16, "low"),
        (Float(1e-7, 1e-2, log=True, low_is_zero=True), 0.0, "low"),
    ],
)
def test_a_bound_is_near_as_the_range_is_searched(searched: Float | Int, value: float, side: str | None) -> None:
    assert frames.at_bound(searched, value) == side


# --- the regret audit -------------------------------------------------------------------------------------------------


def test_a_larger_audit_adds_to_a_smaller_one() -> None:
    study = a_study()
    rows = [TrialRow(number, "pruned", {}, joined=1) for number in range(30)]
    few, many = ({row.number for row in draw(study, rows, number)} for number in (4, 12))
    assert len(few) == 4
    assert few < many
    assert few != {0, 1, 2, 3}


def test_an_audit_draws_neither_diverged_trials_nor_repeats() -> None:
    rows = [
        TrialRow(0, "pruned", {}, joined=1, diverged_at=1),
        TrialRow(1, "pruned", {}, repeat_of=0),
        TrialRow(2, "complete", {}, joined=1),
        TrialRow(3, "pruned", {}, joined=1),
    ]
    assert [row.number for row in draw(a_study(), rows, 10)] == [3]


def audited(record: Record, accuracies: Sequence[float]) -> None:
    """Record what trial 3 would have come to."""
    for epoch, accuracy in enumerate(accuracies, start=1):
        score = EpochMetrics(
            lane=3,
            epoch=epoch,
            train={"loss": 1 - accuracy, "accuracy": accuracy},
            validation={"loss": 1 - accuracy, "accuracy": accuracy},
            seconds=0.1,
        )
        with record.lease():
            record.record_finalists("audit", epoch, [(3, 0, score)])


def test_an_audited_trial_that_would_have_won_is_a_regret(record: Record) -> None:
    audited(record, [0.55, 0.56, 0.8, 0.95])
    audit = frames.audit_frame(record, found_of(record).trials)
    assert audit.to_dict("records") == [
        {"trial": 3, "pruned_at": 2, "then": 0.56, "end": 0.95, "same": True, "regret": True}
    ]
    assert outcome_of(found_of(record), "pruning regret")[0] == "look"


def test_an_audited_trial_that_would_not_have_won_is_none(record: Record) -> None:
    audited(record, [0.55, 0.56, 0.6, 0.7])
    assert outcome_of(found_of(record), "pruning regret")[0] == "passed"


def test_an_audit_that_does_not_repeat_the_record_says_so(record: Record) -> None:
    audited(record, [0.55, 0.57, 0.6, 0.7])
    outcome, told = outcome_of(found_of(record), "pruning regret")
    assert outcome == "look"
    assert "did not come out as they are recorded" in told


def test_an_audit_that_was_paused_is_not_told(record: Record) -> None:
    audited(record, [0.55, 0.56, 0.6])
    assert found_of(record).audit.empty


# --- the frames of the finalists --------------------------------------------------------------------------------------


def test_the_confusions_are_those_of_scikit_learn(record: Record) -> None:
    final = final_of(record, {2: 0.9, 0: 0.6}, seeds=1)
    frame = frames.confusion_frame(final, 2)
    theirs = confusion_matrix(final.tested.labels, final.tested.logits[2, 0].argmax(1))
    assert frame["images"].to_numpy().reshape(10, 10).tolist() == theirs.tolist()
    assert frame[frame["true"] == "3"]["share"].sum() == pytest.approx(1.0)


def test_the_class_by_class_figures_are_those_of_scikit_learn(record: Record) -> None:
    final = final_of(record, {2: 0.9, 0: 0.6}, seeds=1)
    theirs = classification_report(final.tested.labels, final.tested.logits[2, 0].argmax(1), output_dict=True)
    for line in frames.classes_frame(final, 2).to_dict("records"):
        expected = theirs[line["class"]]
        assert (line["precision"], line["recall"], line["f1"], line["support"]) == pytest.approx(
            (expected["precision"], expected["recall"], expected["f1-score"], expected["support"])
        )


def test_the_gallery_shows_wrong_pictures_most_confident_first(record: Record) -> None:
    final = final_of(record, {2: 0.9, 0: 0.6})
    frame = frames.gallery_frame(final, 2)
    assert (frame["true"] != frame["predicted"]).all()
    assert frame["probability"].is_monotonic_decreasing
    assert len(frame) == frames.GALLERY


def test_finalists_of_one_worth_are_called_inseparable(record: Record) -> None:
    final = final_of(record, {2: 0.9, 1: 0.899, 0: 0.6})
    apart = final.pairs.set_index(["first", "second"])["apart"].to_dict()
    assert apart == {(2, 1): False, (2, 0): True, (1, 0): True}
    found = found_of(record, final)
    assert any("cannot be told apart from trial 1" in sentence for sentence in verdict(found).sentences)
    assert outcome_of(found, "finalists inseparable")[0] == "look"


def test_more_than_a_dozen_finalists_are_compared_with_the_winner_alone(record: Record) -> None:
    final = final_of(record, {2: 0.9, 0: 0.6}, seeds=1)
    many = [replace(final.ranked[0], number=number) for number in range(20)]
    logits = {(number, 0): final.tested.logits[2, 0] for number in range(20)}
    pairs = frames.pairs_frame(many, 1, replace(final.tested, logits=logits))
    assert len(pairs) == 19
    assert set(pairs["first"]) == {0}


def test_the_weights_of_the_longest_rows_come_first(record: Record) -> None:
    units = frames.hidden_weights(found_of(record, final_of(record, {2: 0.9}, seeds=1)))
    assert units is not None
    assert units.shape == (20, 28, 28)
    assert (np.diff(np.linalg.norm(units.reshape(20, -1), axis=1)) <= 0).all()


def test_what_is_kept_of_a_test_is_read_for_these_models_only(tmp_path: Path, record: Record) -> None:
    final = final_of(record, {2: 0.9}, seeds=1)
    file = tmp_path / "tested.safetensors"
    seen = final.tested
    kept = tested.keep(file, {(2, 0): "abc"}, seen.logits, seen.labels, seen.pictures, seen.classes)
    wrong = np.flatnonzero(seen.logits[2, 0].argmax(1) != seen.labels)
    assert kept.pictured.tolist() == wrong.tolist()  # only those that somebody gets wrong
    assert (kept.pictures == seen.pictures[wrong]).all()
    assert tested.read(file, {(2, 0): "another"}) is None
    assert tested.read(file, {(2, 0): "abc", (2, 1): "def"}) is None


def test_a_model_that_diverged_has_no_confident_opinion() -> None:
    logits = {(0, 0): np.full((4, 3), np.nan, np.float32)}
    kept = tested.Tested(np.arange(4) % 3, logits, np.arange(0), np.zeros((0, 1, 2, 2), np.uint8), ("a", "b", "c"))
    assert kept.probabilities(0, 1) == pytest.approx(1 / 3)


# --- the words --------------------------------------------------------------------------------------------------------


def test_the_verdict_tells_winner_gain_optimism_and_the_published_figure(record: Record) -> None:
    told = verdict(found_of(record, final_of(record, {2: 0.85, 0: 0.6})))
    assert told.headline.startswith("Trial 2 wins: test accuracy 0.85")
    text = " ".join(told.sentences)
    assert "the two can be told apart at 3 seeds" in text
    assert "was optimistic by 0.0500" in text  # 0.9 in the search, 0.85 under new seeds
    assert "the published figure lies below that interval" in text
    assert [name for name, _, _ in told.figures] == [
        "test accuracy",
        "gain over the baseline",
        "optimism of the search",
        "published",
    ]


def test_a_baseline_that_wins_is_told_as_that(record: Record) -> None:
    found = found_of(record, final_of(record, {0: 0.9, 2: 0.7}))
    told = verdict(found)
    assert told.headline.startswith("Trial 0, the baseline")
    assert "No trial of the search did better than what its author already knew." in told.sentences
    assert outcome_of(found, "baseline beaten")[0] == "look"


def test_a_winner_that_the_test_puts_behind_keeps_its_rank(record: Record) -> None:
    found = found_of(record, final_of(record, {2: 0.7, 1: 0.9, 0: 0.6}))
    told = verdict(found)
    assert told.headline.startswith("Trial 2 wins")
    assert any("On the test set trial 1 did better" in sentence for sentence in told.sentences)


def test_without_finalists_nothing_is_called_tested(record: Record) -> None:
    told = verdict(found_of(record))
    assert told.headline == "The search's best is trial 2, with validation accuracy 0.9000; nothing is tested yet."


# --- the checks -------------------------------------------------------------------------------------------------------


def test_every_check_judges_or_says_why_it_cannot(record: Record) -> None:
    for found in (found_of(record), found_of(record, final_of(record, {2: 0.9, 0: 0.6}))):
        told = checks(found)
        assert {check.name for check in told} == set(CHECKS)
        assert all(check.told.endswith((".", "?")) for check in told)


def test_checks_see_what_is_wrong(record: Record) -> None:
    found = found_of(record)
    assert outcome_of(found, "search finished")[0] == "look"
    outcome, told = outcome_of(found, "best value at a bound")
    assert outcome == "look"
    assert "hidden (500, searched 16..512 log: move the high bound outwards)" in told
    assert outcome_of(found, "trials that failed")[0] == "passed"
    assert outcome_of(found, "still learning at the end")[0] == "passed"
    assert outcome_of(found, "finalists inseparable")[0] == "not applicable"


def test_a_published_figure_outside_our_interval_is_looked_at(record: Record) -> None:
    far = found_of(record, final_of(record, {2: 0.9, 0: 0.8}))
    assert outcome_of(far, "published figure reproduced")[0] == "look"
    near = found_of(record, final_of(record, {2: 0.9, 0: 0.5}))
    assert outcome_of(near, "published figure reproduced")[0] == "passed"


def test_a_second_opening_of_the_test_set_is_looked_at(record: Record) -> None:
    final = final_of(record, {2: 0.9, 0: 0.6})
    with record.lease():
        record.sign("test", "digits", "f00", 6)
    assert outcome_of(found_of(record, final), "test set opened before")[0] == "passed"
    with record.lease():
        record.sign("test", "digits", "f00", 6)
    outcome, told = outcome_of(found_of(record, final), "test set opened before")
    assert (outcome, "2 times" in told) == ("look", True)


# --- the page ---------------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """What a page refers to, its scripts, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        self.text += data


def written(found: Findings, folder: Path) -> Reader:
    return Reader(page.write(found, folder, {"top": 3, "seeds": 5}).read_text())


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders with the report of the same finalists, written one after the other."""
    record = every_fate(tmp_path_factory.mktemp("record"))
    found = found_of(record, final_of(record, {2: 0.9, 0: 0.6}))
    first, second = (tmp_path_factory.mktemp(name) for name in ("first", "second"))
    for folder in (first, second):
        page.write(found, folder, {"top": 3, "seeds": 5})
    return first, second


def test_a_page_stands_alone(twice: tuple[Path, Path]) -> None:
    read = Reader((twice[0] / "report.html").read_text())
    assert {address.partition(":")[0] for address in read.addresses if not address.startswith("#")} == {"data"}
    anchors = {address[1:] for address in read.addresses if address.startswith("#")}
    assert anchors <= set(read.ids)
    assert "link" in read.tags  # an empty icon, so that no browser asks for one


def test_what_a_study_brings_in_stays_text_in_the_page(twice: tuple[Path, Path]) -> None:
    read = Reader((twice[0] / "report.html").read_text())
    assert read.tags.count("script") == 1
    assert read.text.count("<script>alert(1)</script>") >= 3  # the study's line, its file, its baseline's name


def test_what_a_study_brings_in_stays_text_in_the_note(record: Record) -> None:
    note = page.note(found_of(record, final_of(record, {0: 0.9, 2: 0.6})))
    assert "<script" not in note
    assert "alert(1)" in note


def test_the_same_record_makes_the_same_page(twice: tuple[Path, Path]) -> None:
    first, second = twice
    files = sorted(file.relative_to(first) for file in first.rglob("*") if file.is_file())
    assert len(files) > 20
    assert all((first / file).read_bytes() == (second / file).read_bytes() for file in files)


def test_every_figure_has_its_three_files(twice: tuple[Path, Path]) -> None:
    drawn = twice[0] / "figures"
    stems = {file.stem for file in drawn.iterdir()}
    assert stems >= {"finalists", "history", "curves", "times", "parameter-hidden", "mistakes", "weights"}
    assert stems >= {"trial-2-confusion", "trial-2-epochs"}
    for stem in stems:
        assert {file.suffix for file in drawn.glob(f"{stem}.*")} == {".csv", ".png", ".svg"}


def test_a_drawing_in_the_page_follows_its_colours(record: Record, tmp_path: Path) -> None:
    text = page.write(found_of(record), tmp_path, {}).read_text()
    drawn = "".join(re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL))
    assert "var(--plain)" in drawn
    assert not any(colour in drawn for colour in figures.PALETTE.values())
    assert 'role="img"' in drawn


def test_the_page_says_how_to_get_it_again(record: Record, tmp_path: Path) -> None:
    text = written(found_of(record), tmp_path).text
    assert "python -m search.run --study study.py --name made --dataset digits --trials 10 --epochs 4" in text
    assert "f00" in text  # the fingerprint's hash of the data


def test_a_choice_has_a_scatter_of_its_own(tmp_path: Path) -> None:
    space = {**a_study().space, "momentum": Choice(("none", "some"))}
    frame = pd.DataFrame(
        {"number": [0, 1], "fate": "complete", "validation_accuracy": [0.5, 0.9], "value": ["none", "some"]}
    )
    with figures.style():
        drawn = figures.parameter(frame, "momentum", space["momentum"], 1, figures.HALF)
    assert [label.get_text() for label in drawn.axes[0].get_xticklabels()] == ["none", "some"]


# --- studies that came to nothing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trials", "headline"),
    [
        ([], "Nothing is known yet: the study has no trial."),
        ([([], None)], "Nothing is known yet: no trial is complete."),
        ([([0.5], None)], "Nothing is known yet: no trial is complete."),
        ([([0.5], "pruned"), ([0.4, 0.5], "pruned")], "Nothing is known yet: no trial is complete."),
        ([([float("nan")], "pruned"), ([0.2, float("nan")], "pruned")], "Nothing is known yet: no trial is complete."),
        ([([0.5, 0.5, 0.5, 0.5], "complete")], "The search's best is trial 0"),
        ([([1.0, 1.0, 1.0, 1.0], "complete")], "The search's best is trial 0"),
    ],
    ids=["empty", "just begun", "unfinished", "all pruned", "all diverged", "one trial", "no error at all"],
)
@pytest.mark.slow
def test_every_study_gets_a_page(
    tmp_path: Path, trials: list[tuple[list[float], Ending | None]], headline: str
) -> None:
    record = a_record(tmp_path, a_study(baselines=(), pruner=NoPruner()))
    for number, (curve, fate) in enumerate(trials):
        add(record, number, curve, fate)
    found = found_of(record)
    assert verdict(found).headline.startswith(headline)
    assert "How to get this again" in written(found, tmp_path / "out").text


def test_a_test_without_a_mistake_has_no_gallery(record: Record, tmp_path: Path) -> None:
    found = found_of(record, final_of(record, {2: 1.0}, seeds=1))
    assert found.final is not None
    assert plates.of_mistakes(found, found.final) is None
    assert "No test picture was wrong." in written(found, tmp_path).text


def test_an_accuracy_of_one_has_an_interval_that_ends_there(record: Record) -> None:
    results = tables.results_frame(record, [record.trials()[2]], 2, final_of(record, {2: 0.997}, seeds=2).tested)
    assert results["test_accuracy_high"].item() <= 1.0
