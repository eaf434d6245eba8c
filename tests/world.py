"""A small world in which evidence is deposited, logged, timestamped, anchored and handed out.

It is real code: keys sign, trees grow, a timestamp authority stamps, validators seal. Only chance
and the clock are fixed, so that the same calls always give the same bytes, and the EVM is left out
(`tests.consortium`). Vectors, the tests of the verifier and those of its surfaces are made with it.

    world = World(validators=4)
    stream = world.deposit(b"content")
    world.anchor()
    report = verify_bundle(encode_bundle(world.bundle(stream)), world.trust_root())
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain.contract import head_commitment, head_slot
from chain.proof import AnchorProof
from evidence.bundle import AnchorMaterial, Bundle, BundleAnchor, BundleEntry, HeadMaterial
from evidence.checkpoint import Checkpoint, log_id, sign_checkpoint
from evidence.digests import measure_chunks
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
    Payload,
    Role,
    encode_entry,
    particulars_digest,
    stream_key,
)
from evidence.envelope import ENTRY_TYP, Envelope, encode_envelope, sign_envelope
from evidence.keys import PrivateKeySigner, Signer
from evidence.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    list_reader,
    root_of,
)
from notary.anchoring.tsa import DemoTimestampAuthority, create_demo_authority
from tests.consortium import CONTRACT, Consortium, Extension
from verifier.trust import (
    Assurance,
    LedgerTrust,
    LogKey,
    OperatorClass,
    TimestampRoot,
    TrustedSigner,
    TrustRoot,
    Validator,
    ValidatorSet,
)

ORIGIN = "log.example/zhenglian"
START = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
PERIOD_START = datetime(2026, 1, 1, tzinfo=UTC)
CHAIN_ID = 20_260_131

_OPERATORS = (
    ("Court of Exampleton", OperatorClass.COURT),
    ("Notary Office of Exampleton", OperatorClass.NOTARY),
    ("Forensic Institute of Exampleton", OperatorClass.FORENSIC),
    ("Example Platform", OperatorClass.PLATFORM),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEntry:
    """An entry as it stands in the log."""

    entry: Entry
    envelope: Envelope
    particulars: Particulars | None
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAnchor:
    """A checkpoint that was timestamped and anchored."""

    checkpoint: Checkpoint
    note: str
    tokens: tuple[bytes, ...]
    proof: AnchorProof


class World:
    """One log with its keys, its timestamp authority and its consortium.

    `seed` decides every key and nonce; two worlds of different seeds do not trust each other.
    """

    def __init__(self, *, validators: int = 1, seed: str = "world", origin: str = ORIGIN) -> None:
        self.seed = seed
        self.origin = origin
        self.now = START
        self.log_signer = PrivateKeySigner(Ed25519PrivateKey.from_private_bytes(self._key("log")))
        self.notary = PrivateKeySigner(Ed25519PrivateKey.from_private_bytes(self._key("notary")))
        self.depositor = PrivateKeySigner(self._p256_key("depositor"))
        self.authority = self.new_authority("tsa")
        self.consortium = Consortium(validators=validators, seed=seed)
        self.entries: list[LoggedEntry] = []
        self.anchors: list[LoggedAnchor] = []
        self._leaves: list[bytes] = []
        self._drawn = 0

    def new_authority(self, name: str) -> DemoTimestampAuthority:
        """Return a timestamp authority with keys of its own and the clock of this world."""
        return create_demo_authority(
            lambda: self.now,
            root_key=self._p256_key(f"{name} root"),
            signing_key=self._p256_key(f"{name} signing"),
            new_serial=lambda: int.from_bytes(self._draw()[:8], "big"),
        )

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def deposit(
        self,
        content: bytes,
        *,
        mode: Mode = Mode.FILE,
        with_particulars: bool = True,
        claimed_at: datetime | None = None,
        signers: Sequence[Signer] = (),
    ) -> str:
        """Record a deposit of `content` and return its stream; signed by the notary alone if ()."""
        stream = f"exhibit:{self._draw()[:16].hex()}"
        particulars = self._particulars() if with_particulars else None
        entry = self.next_entry(stream, deposited(content, mode), particulars)
        self.record(replace(entry, claimed_at=claimed_at), particulars, signers=signers)
        return stream

    def add_original(self, stream: str, content: bytes) -> None:
        """Record that the content of a digests-only deposit was handed in."""
        self.record(self.next_entry(stream, original_added(content), None), None)

    def next_entry(self, stream: str, payload: Payload, particulars: Particulars | None) -> Entry:
        """Return the entry that would come next in `stream`, recorded now; it is not logged."""
        history = self.entries_of(stream)
        return Entry(
            log=self.origin,
            stream=stream,
            sequence=len(history),
            previous=self._leaves[history[-1].index] if history else None,
            actor=Actor(
                id="depositor-1", role=Role.DEPOSITOR, authentication=Authentication.API_KEY
            ),
            claimed_at=None,
            recorded_at=self.now,
            payload=payload,
            particulars=None if particulars is None else particulars_digest(particulars),
            confidentiality=Confidentiality.PARTIES,
            nonce=self._draw(),
        )

    def record(
        self, entry: Entry, particulars: Particulars | None, *, signers: Sequence[Signer] = ()
    ) -> None:
        """Sign `entry`, by the notary alone if no signers are given, and append it to the log."""
        envelope = sign_envelope(encode_entry(entry), signers or (self.notary,), ENTRY_TYP)
        self.append(entry, envelope, particulars)

    def append(self, entry: Entry, envelope: Envelope, particulars: Particulars | None) -> None:
        """Append an envelope that holds `entry`, or passes for it, to the log.

        The log asks no questions, so that it can hold what no honest notary would sign.
        """
        self.entries.append(
            LoggedEntry(
                entry=entry, envelope=envelope, particulars=particulars, index=len(self._leaves)
            )
        )
        self._leaves.append(leaf_hash(encode_envelope(envelope)))
        self.advance(1)

    def rewrite(self, index: int) -> None:
        """Put another leaf in the place of leaf `index`, as a dishonest log would."""
        self._leaves[index] = leaf_hash(b"rewritten")

    def fill(self, count: int) -> None:
        """Append `count` deposits of somebody else."""
        for n in range(count):
            self.deposit(b"of somebody else %d" % n, with_particulars=False)

    def append_leaves(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes of entries that this world knows nothing else about."""
        self._leaves.extend(leaves)

    def anchor(self, **forged: Any) -> LoggedAnchor:
        """Sign a checkpoint of the whole log, have it timestamped, and anchor it.

        `forged` are fields of `Extension` in which the block lies.
        """
        checkpoint = Checkpoint(
            origin=self.origin, size=len(self._leaves), root=root_of(self._leaves)
        )
        note = sign_checkpoint(checkpoint, self.log_signer)
        self.advance(1)
        token = self.authority.stamp(note.encode())
        self.advance(1)
        covered = self.anchors[-1].checkpoint.size if self.anchors else 0
        moved = {
            stream_key(each.entry.stream): (each.entry.sequence, self._leaves[each.index])
            for each in self.entries
            if each.index >= covered and each.entry.sequence > 0
        }
        extension = Extension(
            log_id=log_id(self.origin),
            previous_size=covered,
            size=checkpoint.size,
            root=checkpoint.root,
            heads=moved,
            commitments={
                head_slot(log_id(self.origin), key): head_commitment(*head)
                for key, head in moved.items()
            },
        )
        anchor = LoggedAnchor(
            checkpoint=checkpoint,
            note=note,
            tokens=(token,),
            proof=self.consortium.extend(replace(extension, **forged), self.now),
        )
        self.anchors.append(anchor)
        return anchor

    def entries_of(self, stream: str) -> list[LoggedEntry]:
        """Return the entries of `stream`, in order."""
        return [each for each in self.entries if each.entry.stream == stream]

    def bundle(self, stream: str, *, head_height: int | None = None) -> Bundle:
        """Return the bundle of `stream`, whose entries are all anchored.

        The head proof is of the block `head_height`, the newest if None.
        """
        return self.bundle_of(stream, self.entries_of(stream), head_height=head_height)

    def bundle_of(
        self, stream: str, entries: Sequence[LoggedEntry], *, head_height: int | None = None
    ) -> Bundle:
        """Return a bundle that passes `entries` off as `stream`."""
        covering = [self._anchor_of(each.index) for each in entries]
        cited = sorted(set(covering))
        return Bundle(
            log=self.origin,
            stream=stream,
            entries=tuple(
                self._bundle_entry(each, cited.index(n), self.anchors[n].checkpoint.size)
                for each, n in zip(entries, covering, strict=True)
            ),
            anchors=tuple(
                self._bundle_anchor(before, n)
                for before, n in zip([None, *cited], cited, strict=False)
            ),
            head=self.head(stream, head_height),
        )

    def head(self, stream: str, height: int | None = None) -> HeadMaterial:
        """Return the head proof of `stream` as of a block, the newest if None."""
        slot = head_slot(log_id(self.origin), stream_key(stream))
        proof = self.consortium.head_proof(slot, height)
        return HeadMaterial(
            header=proof.header,
            account_nodes=proof.account_nodes,
            storage_nodes=proof.storage_nodes,
        )

    def trust_root(self) -> TrustRoot:
        """Return the trust root of somebody who believes everybody in this world."""
        return TrustRoot(
            name=f"Trust root of the {self.seed}",
            assurance=Assurance.SANDBOX,
            logs=(
                LogKey(
                    origin=self.origin,
                    public_key=self.log_signer.public_key,
                    not_before=PERIOD_START,
                    not_after=None,
                ),
            ),
            signers=tuple(
                TrustedSigner(
                    public_key=signer.public_key,
                    name=name,
                    not_before=PERIOD_START,
                    not_after=None,
                )
                for name, signer in (
                    ("Example notary", self.notary),
                    ("Example depositor", self.depositor),
                )
            ),
            ledger=LedgerTrust(
                chain_id=CHAIN_ID,
                contract=CONTRACT,
                validator_sets=(
                    ValidatorSet(
                        from_block=1,
                        to_block=None,
                        validators=tuple(
                            Validator(
                                address=address,
                                operator=_OPERATORS[n % len(_OPERATORS)][0],
                                category=_OPERATORS[n % len(_OPERATORS)][1],
                            )
                            for n, address in enumerate(self.consortium.addresses)
                        ),
                    ),
                ),
            ),
            timestamp_authorities=(
                TimestampRoot(name="Example TSA", certificate=self.authority.root_certificate),
            ),
        )

    def _anchor_of(self, index: int) -> int:
        """Return the place of the first anchor whose tree holds leaf `index`."""
        return next(n for n, anchor in enumerate(self.anchors) if anchor.checkpoint.size > index)

    def _bundle_entry(self, logged: LoggedEntry, place: int, size: int) -> BundleEntry:
        reader = list_reader(self._leaves)
        return BundleEntry(
            envelope=logged.envelope,
            particulars=logged.particulars,
            index=logged.index,
            anchor=place,
            inclusion=tuple(inclusion_proof(reader, logged.index, size)),
        )

    def _bundle_anchor(self, before: int | None, n: int) -> BundleAnchor:
        anchor = self.anchors[n]
        earlier_size = 0 if before is None else self.anchors[before].checkpoint.size
        reader = list_reader(self._leaves)
        return BundleAnchor(
            checkpoint=anchor.note,
            tokens=anchor.tokens,
            consistency=tuple(consistency_proof(reader, earlier_size, anchor.checkpoint.size)),
            proof=AnchorMaterial(
                header=anchor.proof.header,
                transaction_index=anchor.proof.transaction_index,
                receipt_nodes=anchor.proof.receipt_nodes,
                log_index=anchor.proof.log_index,
            ),
        )

    def _particulars(self) -> Particulars:
        return Particulars(
            file_name="合同.pdf",
            media_type="application/pdf",
            note=None,
            source="handed over by the depositor",
            salt=self._draw(),
        )

    def _key(self, name: str) -> bytes:
        return sha256(f"{self.seed} {name}".encode()).digest()

    def _p256_key(self, name: str) -> ec.EllipticCurvePrivateKey:
        # Half the length is far below the order of the curve, so that every value is a key.
        return ec.derive_private_key(int.from_bytes(self._key(name)[:16], "big"), ec.SECP256R1())

    def _draw(self) -> bytes:
        """Return the next 32 bytes of this world's chance."""
        self._drawn += 1
        return sha256(f"{self.seed} draw {self._drawn}".encode()).digest()


def deposited(content: bytes, mode: Mode) -> Deposited:
    """Return the payload of a deposit of `content`."""
    measured = measure_chunks([content])
    return Deposited(
        mode=mode,
        exhibit=Exhibit(size_bytes=measured.size_bytes, digests=measured.digests),
        blob=Blob(cid=measured.cid) if mode is Mode.FILE else None,
    )


def original_added(content: bytes) -> OriginalAdded:
    """Return the payload of the entry that hands in `content` after its digests."""
    measured = measure_chunks([content])
    return OriginalAdded(
        exhibit=Exhibit(size_bytes=measured.size_bytes, digests=measured.digests),
        blob=Blob(cid=measured.cid),
    )
