"""The checker can fail: hand-made histories by the invariant they break, and engines broken on purpose."""

import subprocess
import sys

import pytest

from deploy.local.testing import ROOT
from tests.chaos.checker import Effect, Evidence, Row, check
from tests.chaos.oracle import Entry, Strike, in_hand, restarts, resumptions


def row(state: str = "succeeded", **options: object) -> Row:
    return Row("j", state, **{"attempt": 1, "max_attempts": 3, **options})  # type: ignore[arg-type]  # options are Row's own


def entry(what: str, holder: str = "a", attempt: int = 1, t: float = 0.0, pid: int = 1) -> Entry:
    return Entry(what, "j", attempt, holder, pid, t)  # type: ignore[arg-type]  # the tests name only real whats


def broken(**evidence: object) -> set[str]:
    found = check(Evidence(**{"rows": {"j": row()}, **evidence}))  # type: ignore[arg-type]  # evidence is Evidence's own
    return {each.invariant for each in found}


ONE = [Effect("j", 1, 1, "a")]
GOOD = [entry("started", t=1), entry("finished", t=2)]


def test_a_job_done_once_breaks_nothing() -> None:
    """The plain story of a job."""
    assert (
        broken(effects=ONE, history=GOOD, acknowledged=frozenset("j"), causes=frozenset("j"), steps={"j": 1})
        == set()
    )


def test_a_job_rescued_from_a_zombie_that_was_refused_breaks_nothing() -> None:
    """The old holder wakes after the new one finished; its end is refused."""
    history = [
        entry("started", "a", 1, 1),
        entry("started", "b", 2, 5),
        entry("finished", "b", 2, 6),
        entry("refused", "a", 1, 7),
    ]

    assert (
        broken(rows={"j": row(attempt=2)}, effects=[Effect("j", 1, 2, "b")], history=history, steps={"j": 1})
        == set()
    )


@pytest.mark.parametrize("state", ["scheduled", "queued", "running", "retryable"])
def test_a_job_that_never_ends_breaks_i1(state: str) -> None:
    """Nothing may be left waiting."""
    assert broken(rows={"j": row(state)}) == {"I1"}


def test_an_acknowledged_job_without_a_row_breaks_i1() -> None:
    """The asker was told yes."""
    assert broken(acknowledged=frozenset({"j", "k"})) == {"I1"}


def test_two_effects_of_one_step_break_i2() -> None:
    """Done twice is as wrong as not done."""
    assert broken(effects=ONE * 2) == {"I2"}


def test_a_success_without_its_effect_breaks_i2() -> None:
    """A job may not say that it did what it did not."""
    assert broken(effects=ONE, steps={"j": 2}) == {"I2"}


def test_a_dead_job_owes_no_effect() -> None:
    """It says that it failed."""
    assert broken(rows={"j": row("dead")}, steps={"j": 1}) == set()


def test_a_job_of_a_rolled_back_transaction_breaks_i3() -> None:
    """Its asker undid it, whether it is in the table or ran."""
    assert broken(undone=frozenset("j")) == {"I3"}
    assert broken(rows={}, undone=frozenset("j"), history=GOOD) == {"I3"}


def test_a_job_and_its_cause_come_together_or_break_i3() -> None:
    """Neither ghosts nor orphans."""
    assert broken(causes=frozenset()) == {"I3"}
    assert broken(causes=frozenset({"j", "k"})) == {"I3"}


def test_one_attempt_too_many_breaks_i4() -> None:
    """Counted in the row, or seen by the oracle."""
    assert broken(rows={"j": row("dead", attempt=4)}) == {"I4"}
    assert broken(
        rows={"j": row("dead", attempt=3)}, history=[entry("started", str(n), 3) for n in range(4)]
    ) == {"I4"}


def test_an_attempt_given_back_may_be_used_again() -> None:
    """An orderly shutdown counts no attempt."""
    history = [entry("started", str(n), 3) for n in range(4)]

    assert broken(rows={"j": row("dead", attempt=3, given_back=1)}, history=history) == set()


def test_two_holders_that_both_finish_break_i5() -> None:
    """The fence let somebody through."""
    history = [*GOOD, entry("started", "b", 2, 3), entry("finished", "b", 2, 4)]

    assert broken(history=history) == {"I5"}


def test_an_old_holder_that_finishes_after_a_new_one_began_breaks_i5() -> None:
    """Even when the new one never comes to its end."""
    history = [entry("started", "a", 1, 1), entry("started", "b", 2, 5), entry("finished", "a", 1, 6)]

    assert broken(history=history) == {"I5"}


def test_an_effect_of_a_refused_end_breaks_i5() -> None:
    """A fenced transaction must leave nothing."""
    assert broken(history=[entry("started"), entry("refused", t=1)], effects=ONE, steps={"j": 1}) == {"I5"}


def test_a_gap_in_a_jobs_events_or_in_a_clients_breaks_i6() -> None:
    """Repeats are harmless, losses and swaps are not."""
    assert broken(rows={"j": row(seqs=(1, 3))}) == {"I6"}
    assert broken(published=[1, 2, 3], received=[[1, 2, 2, 3]]) == set()
    assert broken(published=[1, 2, 3], received=[[1, 3]]) == {"I6"}
    assert broken(published=[1, 2, 3], received=[[1, 3, 2]]) == {"I6"}


def test_a_process_that_stays_away_breaks_i7() -> None:
    """Somebody would have to start it by hand."""
    assert broken(missing=["worker"]) == {"I7"}


def test_recoveries_are_measured_from_the_strike_to_the_next_run_of_the_same_job() -> None:
    """Only jobs in the struck process's hands count."""
    history = [
        entry("started", "a", 1, 1.0, pid=7),
        entry("started", "b", 2, 4.5, pid=8),
        entry("finished", "b", 2, 5.0, pid=8),
    ]

    assert restarts(history, [Strike(2.0, frozenset({7}))]) == [2.5]
    assert restarts(history, [Strike(2.0, frozenset({8}))]) == []
    assert resumptions(history, [Strike(2.0)]) == [2.5]
    assert set(in_hand(history, 4.6)) == {"a", "b"}


@pytest.mark.chaos
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("variant", "matrix_row", "invariant"),
    [("fence", 4, "I5"), ("rescue", 1, "I1"), ("outbox", 12, "I3")],
)
def test_an_engine_broken_on_purpose_is_caught_by_name(variant: str, matrix_row: int, invariant: str) -> None:
    """No fence, no rescue, or a job enqueued outside its transaction: the right invariant says so."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--short", "--break", variant, "--rows", str(matrix_row), "--patience", "30"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{invariant}: " in done.stdout
