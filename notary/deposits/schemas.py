"""The wire forms of deposits.

Owns what is asked of a caller beyond the content, and the view of a deposit in answers. Leaves what
a text field may hold to the format (`evidence.entry`), so that there is one rule and one refusal.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from evidence.canonical import MAX_INTEGER
from evidence.digests import parse_digests
from evidence.entry import Confidentiality, Exhibit, Role
from evidence.errors import DigestError
from evidence.fields import encode_hex, encode_time
from notary.deposits.model import WAITING_FOR, Statement, parse_claimed_at
from notary.deposits.progress import DepositProgress
from notary.errors import InvalidFieldError

ExpectedDigest = Annotated[str, Field(pattern=r"^(sha256|sm3):[0-9a-f]{64}$")]

MAX_EXPECTED = 8
# Two algorithms; a caller may repeat itself a little.


class StatementFields(BaseModel):
    """What an actor may say about an exhibit."""

    model_config = ConfigDict(extra="forbid")

    file_name: str | None = None
    media_type: str | None = None
    note: str | None = None
    source: str | None = None
    claimed_at: str | None = None
    confidentiality: Confidentiality = Confidentiality.PARTIES
    role: Role = Role.DEPOSITOR

    def statement(self) -> Statement:
        """Return the statement; raises InvalidFieldError where the format does not allow it."""
        return Statement(
            file_name=self.file_name,
            media_type=self.media_type,
            note=self.note,
            source=self.source,
            claimed_at=None if self.claimed_at is None else parse_claimed_at(self.claimed_at),
            confidentiality=self.confidentiality,
            role=self.role,
        )


class UploadParameters(StatementFields):
    """The query of an upload."""

    expect: Annotated[list[ExpectedDigest], Field(max_length=MAX_EXPECTED)] = []


class DigestsRequest(StatementFields):
    """The body of a deposit of digests."""

    digests: list[str]
    size_bytes: Annotated[int, Field(strict=True, ge=1, le=MAX_INTEGER)]

    def exhibit(self) -> Exhibit:
        """Return the exhibit; raises InvalidFieldError for digests that are not a pair."""
        try:
            digests = parse_digests(self.digests)
        except DigestError as error:
            raise InvalidFieldError("digests", f"{error}.") from error
        return Exhibit(size_bytes=self.size_bytes, digests=digests)


class ExhibitView(BaseModel):
    """What identifies the content."""

    digests: list[str]
    size_bytes: int


class EntryView(BaseModel):
    """One act of the stream."""

    sequence: int
    event: str
    recorded_at: str
    leaf_hash: str
    index: int | None


class SignatureView(BaseModel):
    """One signature of a JWS."""

    protected: str
    signature: str


class AcknowledgementView(BaseModel):
    """The notary's signed promise to include the last entry: JWS JSON, format section 13."""

    payload: str
    signatures: list[SignatureView]


class LinksView(BaseModel):
    """Where to go from here."""

    self: str
    bundle: str


class DepositView(BaseModel):
    """A deposit and how far its last act has come."""

    stream: str
    log: str
    assurance: Literal["sandbox", "production"]
    mode: str
    exhibit: ExhibitView
    cid: str | None
    state: str
    waiting_for: str | None
    entries: list[EntryView]
    acknowledgement: AcknowledgementView
    existed_by: str | None
    links: LinksView


def deposit_view(
    progress: DepositProgress, *, log: str, assurance: Literal["sandbox", "production"]
) -> DepositView:
    """Return the view of a deposit in the log of this origin."""
    path = f"/v1/deposits/{progress.stream}"
    return DepositView(
        stream=progress.stream,
        log=log,
        assurance=assurance,
        mode=progress.mode,
        exhibit=ExhibitView(
            digests=progress.exhibit.digests.texts(), size_bytes=progress.exhibit.size_bytes
        ),
        cid=progress.cid,
        state=progress.state,
        waiting_for=WAITING_FOR[progress.state],
        entries=[
            EntryView(
                sequence=entry.sequence,
                event=entry.event,
                recorded_at=entry.recorded_at,
                leaf_hash=encode_hex(entry.leaf_hash),
                index=entry.log_index,
            )
            for entry in progress.entries
        ],
        acknowledgement=AcknowledgementView.model_validate(progress.acknowledgement),
        existed_by=None if progress.existed_by is None else encode_time(progress.existed_by),
        links=LinksView(self=path, bundle=f"{path}/bundle"),
    )
