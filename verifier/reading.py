"""Reading what a verification needs from files, never more of a stranger's file than its limit.

Owns the reading of trust roots, bundles and exhibits at the edge, for the command line and the
HTTP service alike. Leaves judging what was read to `verifier.trust` and `verifier.verify`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from evidence.bundle import MAX_BUNDLE_BYTES
from evidence.digests import Measurement, measure_chunks
from verifier.errors import TrustError
from verifier.trust import MAX_TRUST_ROOT_BYTES, TrustRoot, parse_trust_root

CHUNK_BYTES = 2**20
# One IPFS block: the measurer hands it on without copying.


def read_trust_root(path: Path) -> TrustRoot:
    """Return the trust root in the file at `path`.

    Raises TrustError when it is not one, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_TRUST_ROOT_BYTES + 1)
    except OSError as error:
        raise TrustError(f"expected a readable trust root at {path}: {error.strerror}") from error
    return parse_trust_root(raw)


def read_bundle(file: BinaryIO) -> bytes:
    """Return the bytes of the bundle; of one over the limit just enough to be refused as such."""
    return file.read(MAX_BUNDLE_BYTES + 1)


def measure_file(file: BinaryIO, advance: Callable[[int], None] = lambda _: None) -> Measurement:
    """Return the measurement of the rest of `file`; `advance` hears the bytes of each step."""

    def chunks() -> Iterator[bytes]:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
            advance(len(chunk))

    return measure_chunks(chunks())
