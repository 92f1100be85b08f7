"""
[p] The checker: what was asked for, what handlers saw and what the tables hold -> broken invariants.

It knows nothing of the engine's code, only of its promises (I1 to I7).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.chaos.oracle import Entry

ENDED = frozenset({"succeeded", "cancelled", "dead"})

INVARIANTS = {
    "I1": "every committed job ends",
    "I2": "every effect is committed once",
    "I3": "no job without its cause, no cause without its job",
    "I4": "no job runs more often than it may",
    "I5": "only the newest holder of a job can commit",
    "I6": "a job's events come gapless and in order",
    "I7": "nothing is restarted by hand",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One job as the table holds it; `given_back` counts attempts returned at an orderly shutdown."""

    id: str
    state: str
    attempt: int
    max_attempts: int
    given_back: int = 0
    seqs: tuple[int, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """One committed effect of a job's step."""

    job: str
    step: int
    attempt: int
    token: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the checker judges."""

    rows: Mapping[str, Row]
    effects: Sequence[Effect] = ()
    history: Sequence[Entry] = ()
    #: Jobs whose asker was told that the transaction committed.
    acknowledged: frozenset[str] = frozenset()
    #: Jobs whose transaction was rolled back.
    undone: frozenset[str] = frozenset()
    #: Jobs whose cause, a row written in the same transaction, is in its table; None: not recorded.
    causes: frozenset[str] | None = None
    #: Steps each succeeded job must have left.
    steps: Mapping[str, int] = field(default_factory=dict)
    #: What each client received, as event numbers, and what there was to receive.
    received: Sequence[Sequence[int]] = ()
    published: Sequence[int] = ()
    #: Processes that were not there at the end although a supervisor was.
    missing: Sequence[str] = ()
    #: How often the database itself crashed: each crash may forget claims that had not reached the disk.
    crashes: int = 0


@dataclass(frozen=True, slots=True)
class Broken:
    """One invariant that did not hold, and the sentence that shows it."""

    invariant: str
    why: str


def check(evidence: Evidence) -> list[Broken]:
    """Return everything that did not hold, by invariant; an empty list is the only good answer."""
    checks: dict[str, Callable[[Evidence], Iterable[str]]] = {
        "I1": _ends,
        "I2": _once,
        "I3": _caused,
        "I4": _bounded,
        "I5": _fenced,
        "I6": _in_order,
        "I7": _unattended,
    }
    return [Broken(name, why) for name, found in checks.items() for why in found(evidence)]


def _ends(evidence: Evidence) -> Iterator[str]:
    for job in sorted(evidence.acknowledged - evidence.rows.keys()):
        yield f"job {job} was acknowledged and has no row"
    for row in evidence.rows.values():
        if row.state not in ENDED:
            yield f"job {row.id} is still {row.state} after {row.attempt} attempts ({row.error})"


def _once(evidence: Evidence) -> Iterator[str]:
    counted = Counter((effect.job, effect.step) for effect in evidence.effects)
    for (job, step), number in counted.items():
        if number > 1:
            yield f"job {job} left {number} effects of step {step}"
    for job, steps in evidence.steps.items():
        row = evidence.rows.get(job)
        if row is None or row.state != "succeeded":
            continue
        missing = [step for step in range(1, steps + 1) if not counted[job, step]]
        if missing:
            yield f"job {job} succeeded without the effects of steps {missing}"


def _caused(evidence: Evidence) -> Iterator[str]:
    begun = {entry.job for entry in evidence.history}
    for job in sorted(evidence.undone & (evidence.rows.keys() | begun)):
        yield f"job {job} exists or ran although its transaction was rolled back"
    if evidence.causes is not None:
        for job in sorted(evidence.rows.keys() - evidence.causes):
            yield f"job {job} has no cause"
        for job in sorted(evidence.causes - evidence.rows.keys()):
            yield f"the cause of job {job} has no job"


def _bounded(evidence: Evidence) -> Iterator[str]:
    tokens: dict[str, set[str]] = defaultdict(set)
    for entry in evidence.history:
        tokens[entry.job].add(entry.token)
    for row in evidence.rows.values():
        allowed = row.max_attempts + row.given_back + evidence.crashes
        if row.attempt > row.max_attempts:
            yield f"job {row.id} counts attempt {row.attempt} of {row.max_attempts}"
        if len(tokens[row.id]) > allowed:
            yield f"job {row.id} ran {len(tokens[row.id])} times, {allowed} were allowed"


def _fenced(evidence: Evidence) -> Iterator[str]:
    newest: dict[str, int] = {}
    finished: dict[str, dict[str, int]] = defaultdict(dict)
    for entry in evidence.history:
        newest[entry.job] = max(newest.get(entry.job, 0), entry.attempt)
        if entry.what == "finished":
            finished[entry.job][entry.token] = entry.attempt
    for job, tokens in finished.items():
        if len(tokens) > 1:
            yield f"job {job} was finished by {len(tokens)} holders"
        if min(tokens.values()) < newest[job]:
            yield f"job {job} was finished by attempt {min(tokens.values())} after attempt {newest[job]} began"
    refused = {entry.token for entry in evidence.history if entry.what == "refused"}
    for effect in evidence.effects:
        steps = evidence.steps.get(effect.job, 1)
        if effect.token in refused and effect.step == steps:
            yield f"job {effect.job} kept the effect of a refused end"


def _in_order(evidence: Evidence) -> Iterator[str]:
    for row in evidence.rows.values():
        if row.seqs and list(row.seqs) != list(range(1, len(row.seqs) + 1)):
            yield f"job {row.id} has events {list(row.seqs)}"
    wanted = list(evidence.published)
    for number, got in enumerate(evidence.received):
        seen = list(dict.fromkeys(got))
        if seen != wanted:
            lost = len(set(wanted) - set(seen))
            yield f"client {number} lost {lost} of {len(wanted)} events or saw them out of order"


def _unattended(evidence: Evidence) -> Iterator[str]:
    for name in evidence.missing:
        yield f"{name} did not come back by itself"
