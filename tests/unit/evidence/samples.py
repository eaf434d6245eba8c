"""Entries and signers that the tests of this package start from. Everything is fixed or drawn."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import strategies as st

from evidence.digests import Digests
from evidence.entry import (
    Actor,
    Authentication,
    Blob,
    Confidentiality,
    Deposited,
    Entry,
    Exhibit,
    Mode,
    OriginalAdded,
    Particulars,
    Role,
)
from evidence.keys import PrivateKeySigner
from evidence.unixfs import cid_of

LOG = "notary.example/log"
STREAM = "exhibit:" + "0f" * 16
NOON = datetime(2026, 1, 31, 12, 0, 0, 250_000, UTC)
NOTARY = PrivateKeySigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
EXHIBIT = Exhibit(size_bytes=5, digests=Digests(sha256=b"\x01" * 32, sm3=b"\x02" * 32))
BLOB = Blob(cid=cid_of([b"hello"]))
DEPOSITOR = Actor(id="user-1", role=Role.DEPOSITOR, authentication=Authentication.NONE)
FILE_DEPOSIT = Entry(
    log=LOG,
    stream=STREAM,
    sequence=0,
    previous=None,
    actor=DEPOSITOR,
    claimed_at=None,
    recorded_at=NOON,
    payload=Deposited(mode=Mode.FILE, exhibit=EXHIBIT, blob=BLOB),
    particulars=None,
    confidentiality=Confidentiality.PARTIES,
    nonce=bytes(32),
)
DIGESTS_DEPOSIT = replace(
    FILE_DEPOSIT, payload=Deposited(mode=Mode.DIGESTS, exhibit=EXHIBIT, blob=None)
)
ORIGINAL_ADDED = replace(
    FILE_DEPOSIT,
    sequence=1,
    previous=b"\x03" * 32,
    recorded_at=NOON + timedelta(hours=1),
    payload=OriginalAdded(exhibit=EXHIBIT, blob=BLOB),
)
PARTICULARS = Particulars(
    file_name="合同.pdf",
    media_type="application/pdf",
    note="Page 3 is signed",
    source=None,
    salt=b"\x04" * 32,
)

digests32 = st.binary(min_size=32, max_size=32)
times = st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC)).map(
    lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)
)
exhibits = st.builds(
    Exhibit,
    size_bytes=st.integers(1, 2**53 - 1),
    digests=st.builds(Digests, sha256=digests32, sm3=digests32),
)
blobs = st.builds(Blob, cid=st.binary(max_size=8).map(lambda content: cid_of([content])))
_ids = st.from_regex(r"[A-Za-z0-9._:-]{1,64}", fullmatch=True)
_payloads = st.one_of(
    st.builds(Deposited, mode=st.just(Mode.FILE), exhibit=exhibits, blob=blobs),
    st.builds(Deposited, mode=st.just(Mode.DIGESTS), exhibit=exhibits, blob=st.none()),
    st.builds(OriginalAdded, exhibit=exhibits, blob=blobs),
)
entries = st.builds(
    lambda link, **members: Entry(sequence=link[0], previous=link[1], **members),
    st.one_of(st.just((0, None)), st.tuples(st.integers(1, 2**53 - 1), digests32)),
    log=st.from_regex(r"[!-*,-~]{1,128}", fullmatch=True),
    stream=st.from_regex(r"exhibit:[0-9a-f]{32}", fullmatch=True),
    actor=st.builds(
        Actor,
        id=_ids,
        role=st.sampled_from(Role),
        authentication=st.sampled_from(Authentication),
        on_behalf_of=st.none() | _ids,
    ),
    claimed_at=st.none() | times,
    recorded_at=times,
    payload=_payloads,
    particulars=st.none() | digests32,
    confidentiality=st.sampled_from(Confidentiality),
    nonce=digests32,
)
_statements = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
particulars = st.builds(
    Particulars,
    file_name=st.none()
    | st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"),
        min_size=1,
        max_size=255,
    ),
    media_type=st.sampled_from([None, "text/plain", "image/svg+xml", "a/b"]),
    note=_statements,
    source=_statements,
    salt=digests32,
)
