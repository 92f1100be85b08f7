"""The sets of hashes by which a run knows rows and ids again."""

from struct import pack
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.feeds.storing import keys, known
from tasks.feeds.storing.keys import HashSet, KeySet, Known

BOUND = 1 << 61
#: Near the ends of the parts that hashes are kept in, and of all that there are.
near_bounds = st.builds(lambda part, by: part * BOUND + by, st.integers(-4, 3), st.integers(0, 3))
batches = st.lists(near_bounds | st.integers(-(1 << 63), (1 << 63) - 1), max_size=30)


@settings(max_examples=200, deadline=None)
@given(added=st.lists(batches, max_size=6), asked=batches, many=st.sampled_from([1, 20, 1000]))
def test_a_set_holds_what_was_added_and_nothing_else(
    added: list[list[int]], asked: list[int], many: int
) -> None:
    """Hashes are asked for in any order, also several times, and answered in that order; of many there are parts."""
    held = HashSet()
    expected: set[int] = set()
    with patch.object(keys, "_MANY", many):
        for batch in added:
            fresh = set(batch) - expected
            held.add_hashes(np.array(list(fresh), dtype=np.int64))
            expected |= fresh
        asked = [*asked, *list(expected)[:20], *asked]

        found = held.holds_hashes(np.array(asked, dtype=np.int64))

    assert len(expected) == held.size
    assert [hash_ in expected for hash_ in asked] == found.tolist()


@given(parts=st.lists(st.lists(st.integers(0, 20).map(str), max_size=12), max_size=4))
def test_an_id_is_added_once(parts: list[list[str]]) -> None:
    """One that comes again, in the same call or a later one, is told by its place."""
    held = KeySet()
    seen: set[str] = set()
    for ids in parts:
        expected = []
        for place, id_ in enumerate(ids):
            expected += [place] * (id_ in seen)
            seen.add(id_)

        assert expected == held.add(ids)
    assert len(seen) == held.size


def test_a_row_is_known_until_another_of_its_id_was_read() -> None:
    """What is stored of the id may be the other one from then on."""
    hashes = np.array([1, 2, 3], dtype=np.int64)
    known = Known(HashSet(hashes))

    assert [True, True, True, False] == known.holds(np.append(hashes, 4), ["a", "b", "c", "d"]).tolist()
    known.note_read(["b", "e"])

    assert [True, False, True] == known.holds(hashes, ["a", "b", "c"]).tolist()


@given(hashes=st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=40), size=st.integers(1, 60))
def test_hashes_are_taken_as_they_come(hashes: list[int], size: int) -> None:
    """However the database's answer is cut into pieces, all are known, and few bytes wait."""
    answer = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    answer += b"".join(pack(">hiq", 1, 8, hash_) for hash_ in hashes) + b"\xff\xff"
    sent = known.SentHashes()
    waiting = 0

    with patch.object(known, "TAKEN_AT_ONCE", 100):
        for begin in range(0, len(answer), size):
            sent.write(answer[begin : begin + size])
            waiting = max(waiting, sent.waiting)

    assert sent.all().holds_hashes(np.array(hashes, dtype=np.int64)).all()
    assert waiting < 100 + size
