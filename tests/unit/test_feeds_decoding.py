"""Undoing content encodings."""

import gzip
import zlib
from collections.abc import Callable, Iterator

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.feeds.fetching.decoding import CHUNK_BYTES, BadEncoding, decoded

TEXT = b"station_id,bikes\n" * 20_000


def raw_deflate(body: bytes) -> bytes:
    """Deflate without the zlib frame, as some servers send it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "identity": bytes,
    "": bytes,
}


def pieces(body: bytes, size: int = 1000) -> Iterator[bytes]:
    """Cut a body into chunks, as a network does."""
    return (body[start : start + size] for start in range(0, len(body), size))


@pytest.mark.parametrize("encoding", ENCODERS)
@pytest.mark.parametrize("body", [b"", b"x", TEXT])
def test_every_encoding_is_undone(encoding: str, body: bytes) -> None:
    """What was encoded comes out, whatever the chunks were."""
    assert body == b"".join(decoded(pieces(ENCODERS[encoding](body)), encoding))


def test_deflate_without_its_frame_and_gzip_of_several_members_are_undone() -> None:
    """Two habits of servers in the wild."""
    assert TEXT == b"".join(decoded(pieces(raw_deflate(TEXT)), "deflate"))
    assert TEXT + TEXT == b"".join(decoded(pieces(gzip.compress(TEXT) * 2 + b"\0" * 512), "gzip"))


def test_encodings_on_top_of_each_other_are_undone_from_the_last() -> None:
    """The header lists them in the order they were applied."""
    assert TEXT == b"".join(decoded(pieces(brotli.compress(gzip.compress(TEXT))), "gzip, br"))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_body_that_ends_early_is_broken(encoding: str) -> None:
    """Half an answer is no answer."""
    half = ENCODERS[encoding](bytes(range(256)) * 100)
    with pytest.raises(BadEncoding):
        list(decoded(pieces(half[: len(half) // 2]), encoding))


@pytest.mark.parametrize("encoding", ["compress", "gzip, gzip, gzip", "exec"])
def test_an_encoding_we_did_not_ask_for_is_refused(encoding: str) -> None:
    """Nothing unknown is stored as if it were the publisher's data."""
    with pytest.raises(BadEncoding):
        list(decoded(pieces(TEXT), encoding))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_comes_out_in_small_chunks(encoding: str) -> None:
    """A hundred megabytes of zeros never stand in memory: the reader can stop after any chunk."""
    bomb = ENCODERS[encoding](bytes(100_000_000))
    largest, total = 0, 0
    for chunk in decoded(iter([bomb]), encoding):
        largest, total = max(largest, len(chunk)), total + len(chunk)
        if total > 1_000_000:
            break

    assert largest <= 2 * CHUNK_BYTES
    assert 1_000_000 < total <= 1_000_000 + 2 * CHUNK_BYTES


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, br"]))
def test_arbitrary_bytes_are_decoded_or_broken(body: bytes, encoding: str) -> None:
    """Nothing but BadEncoding comes out of a broken body."""
    try:
        b"".join(decoded(pieces(body, 7), encoding))
    except BadEncoding as error:
        broken = str(error)
    else:
        broken = "no"
    assert broken
