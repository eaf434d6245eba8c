"""The trust root: what a verifier believes before it reads a bundle.

Owns section 14 of docs/format.md: log keys, signers, the ledger with its register of validators,
and timestamp authorities. Leaves obtaining it to whoever runs the verifier; it is never taken from
a bundle. Leaves deciding whether a signature or seal is right to `checks`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import cast

from cryptography.x509 import InvalidVersion, load_der_x509_certificate

from evidence.canonical import Json, encode_canonical, parse_json
from evidence.errors import EvidenceError
from evidence.fields import Fields, encode_address, encode_base64, encode_time
from evidence.keys import ALGORITHMS, Algorithm, PublicKey
from verifier.errors import TrustError

TRUST_ROOT_TYPE = "zhenglian/trust-root/v1"

MAX_TRUST_ROOT_BYTES = 2**20
# A thousand signers or validator sets fit; a person must be able to review the whole.

MAX_VALIDATORS = 128
# Far above the consortia QBFT is run with (its messages grow with the square of the number).

MAX_ITEMS = 10_000
# More than fit into MAX_TRUST_ROOT_BYTES.

MAX_CERTIFICATE_BYTES = 32 * 2**10
# That of a token, which may carry the certificate.


class Assurance(StrEnum):
    """What the parties of a trust root stand for."""

    SANDBOX = "sandbox"
    """For trying out: one party may hold all the keys."""
    PRODUCTION = "production"
    """Log, validators and timestamp authorities are run by the organisations named."""


class OperatorClass(StrEnum):
    """What kind of organisation runs a validator."""

    COURT = "court"
    NOTARY = "notary"
    FORENSIC = "forensic"
    PLATFORM = "platform"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedKey:
    """A public key and when it was in use."""

    public_key: PublicKey
    not_before: datetime
    not_after: datetime | None
    """None: in use until further notice."""

    def in_use_at(self, time: datetime) -> bool:
        """Return whether `time` lies in the period of the key, both ends included."""
        return self.not_before <= time and (self.not_after is None or time <= self.not_after)

    def _check_period(self, where: str) -> None:
        if self.not_after is not None and self.not_after < self.not_before:
            raise TrustError(
                f"{where} is in use from {self.not_before.isoformat()}, "
                f"but only until {self.not_after.isoformat()}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKey(DatedKey):
    """The key that signs the checkpoints of a log."""

    origin: str

    def __post_init__(self) -> None:
        self._check_period(f"the key of log {self.origin!r}")
        if self.public_key.algorithm != "Ed25519":
            raise TrustError(
                f"the key of log {self.origin!r} is an Ed25519 key, "
                f"found one for {self.public_key.algorithm}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedSigner(DatedKey):
    """A key that may sign entries."""

    name: str
    """Shown to the reader."""
    kid: str = field(init=False)
    """The name of the key in signatures: its RFC 7638 thumbprint."""

    def __post_init__(self) -> None:
        self._check_period(f"the signer {self.name!r}")
        # Computed once: a bundle asks ten thousand times who of a thousand signers it was.
        object.__setattr__(self, "kid", self.public_key.kid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validator:
    """A node whose commit seals count."""

    address: bytes
    """20 bytes."""
    operator: str
    """The organisation that runs it."""
    category: OperatorClass


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorSet:
    """The validators in office for a range of blocks."""

    from_block: int
    to_block: int | None
    """The last block, included; None: until further notice."""
    validators: tuple[Validator, ...]

    def __post_init__(self) -> None:
        where = f"the validator set from block {self.from_block}"
        if self.to_block is not None and self.to_block < self.from_block:
            raise TrustError(f"{where} ends before it begins, at block {self.to_block}")
        if not 1 <= len(self.validators) <= MAX_VALIDATORS:
            raise TrustError(
                f"{where} has 1 to {MAX_VALIDATORS} validators, found {len(self.validators)}"
            )
        _require_distinct((encode_address(v.address) for v in self.validators), where)

    @property
    def addresses(self) -> frozenset[bytes]:
        """The 20-byte addresses of the validators."""
        return frozenset(validator.address for validator in self.validators)

    def in_office_at(self, block_height: int) -> bool:
        """Return whether these are the validators of the block of that height."""
        return self.from_block <= block_height and (
            self.to_block is None or block_height <= self.to_block
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTrust:
    """The chain and the contract on it that keeps the logs."""

    chain_id: int
    """For the reader and for whoever asks a node: a block header does not name its chain."""
    contract: bytes
    """20 bytes."""
    validator_sets: tuple[ValidatorSet, ...]
    """In ascending order of blocks, which do not overlap."""

    def __post_init__(self) -> None:
        for earlier, later in pairwise(self.validator_sets):
            if earlier.to_block is None or earlier.to_block >= later.from_block:
                raise TrustError(
                    f"expected validator sets one after the other, found one from block "
                    f"{later.from_block} that starts before the one from block "
                    f"{earlier.from_block} ends"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampRoot:
    """The root certificate of a timestamp authority."""

    name: str
    certificate: bytes
    """DER."""

    def __post_init__(self) -> None:
        try:
            load_der_x509_certificate(self.certificate)
        except (ValueError, InvalidVersion) as error:
            raise TrustError(
                f"the root of {self.name!r} is an X.509 certificate, found other bytes"
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRoot:
    """Everything a verifier believes; the rest it checks."""

    name: str
    """Shown to the reader."""
    assurance: Assurance
    logs: tuple[LogKey, ...]
    signers: tuple[TrustedSigner, ...]
    ledger: LedgerTrust
    timestamp_authorities: tuple[TimestampRoot, ...]

    def __post_init__(self) -> None:
        _require_distinct((log.origin for log in self.logs), "the list of logs")
        _require_distinct((signer.kid for signer in self.signers), "the list of signers")
        _require_distinct(
            (root.name for root in self.timestamp_authorities), "the list of timestamp authorities"
        )

    def log(self, origin: str) -> LogKey | None:
        """Return the key of the log, or None for a log we do not know."""
        return next((log for log in self.logs if log.origin == origin), None)

    def signer(self, kid: str) -> TrustedSigner | None:
        """Return the signer of that key, or None for one we do not know."""
        return next((signer for signer in self.signers if signer.kid == kid), None)

    def validators_at(self, block_height: int) -> ValidatorSet | None:
        """Return the validators in office at that block, or None where we do not know them."""
        sets = self.ledger.validator_sets
        return next((each for each in sets if each.in_office_at(block_height)), None)

    def timestamp_roots(self) -> Mapping[str, bytes]:
        """Return the DER root certificates of the timestamp authorities, by name."""
        return {root.name: root.certificate for root in self.timestamp_authorities}


def parse_trust_root(raw: bytes) -> TrustRoot:
    """Return the trust root written in `raw`, JSON of any spacing and order of members.

    Raises:
        TrustError: `raw` is not a trust root of section 14, a kid is not that of its key, or the
            ranges of two validator sets overlap.
    """
    try:
        fields = Fields(parse_json(raw, limit_bytes=MAX_TRUST_ROOT_BYTES), "trust root")
        fields.constant("type", TRUST_ROOT_TYPE)
        trust = TrustRoot(
            name=fields.text("name"),
            assurance=Assurance(fields.choice("assurance", [*Assurance])),
            logs=tuple(map(_read_log, _objects(fields, "logs"))),
            signers=tuple(map(_read_signer, _objects(fields, "signers"))),
            ledger=_read_ledger(fields.object("ledger")),
            timestamp_authorities=tuple(
                map(_read_timestamp_root, _objects(fields, "timestamp_authorities"))
            ),
        )
        fields.end()
    except EvidenceError as error:
        raise TrustError(f"the trust root cannot be read: {error}") from error
    return trust


def encode_trust_root(trust: TrustRoot) -> bytes:
    """Return the canonical JSON of `trust`; `parse_trust_root` of it gives `trust` again."""
    return encode_canonical(
        {
            "type": TRUST_ROOT_TYPE,
            "name": trust.name,
            "assurance": trust.assurance.value,
            "logs": [
                {
                    "origin": log.origin,
                    "public_key": encode_base64(log.public_key.raw),
                    **_period_json(log),
                }
                for log in trust.logs
            ],
            "signers": [
                {
                    "kid": signer.kid,
                    "algorithm": signer.public_key.algorithm,
                    "public_key": encode_base64(signer.public_key.raw),
                    "name": signer.name,
                    **_period_json(signer),
                }
                for signer in trust.signers
            ],
            "ledger": {
                "chain_id": trust.ledger.chain_id,
                "contract": encode_address(trust.ledger.contract),
                "validator_sets": [_set_json(each) for each in trust.ledger.validator_sets],
            },
            "timestamp_authorities": [
                {"name": root.name, "root_certificate": encode_base64(root.certificate)}
                for root in trust.timestamp_authorities
            ],
        }
    )


def _read_log(fields: Fields) -> LogKey:
    log = LogKey(
        origin=fields.text("origin"),
        public_key=PublicKey(algorithm="Ed25519", raw=fields.base64("public_key")),
        not_before=fields.time("not_before"),
        not_after=fields.optional_time("not_after"),
    )
    fields.end()
    return log


def _read_signer(fields: Fields) -> TrustedSigner:
    algorithm = cast(Algorithm, fields.choice("algorithm", ALGORITHMS))
    signer = TrustedSigner(
        public_key=PublicKey(algorithm=algorithm, raw=fields.base64("public_key")),
        name=fields.text("name"),
        not_before=fields.time("not_before"),
        not_after=fields.optional_time("not_after"),
    )
    kid = fields.text("kid")
    if kid != signer.kid:
        raise TrustError(
            f"expected the kid {signer.kid} for the key of {fields.where}, found {kid!r}"
        )
    fields.end()
    return signer


def _read_ledger(fields: Fields) -> LedgerTrust:
    sets = sorted(map(_read_set, _objects(fields, "validator_sets")), key=lambda s: s.from_block)
    ledger = LedgerTrust(
        chain_id=fields.integer("chain_id", minimum=1),
        contract=fields.address("contract"),
        validator_sets=tuple(sets),
    )
    fields.end()
    return ledger


def _read_set(fields: Fields) -> ValidatorSet:
    validator_set = ValidatorSet(
        from_block=fields.integer("from_block"),
        to_block=fields.optional_integer("to_block"),
        validators=tuple(map(_read_validator, _objects(fields, "validators"))),
    )
    fields.end()
    return validator_set


def _read_validator(fields: Fields) -> Validator:
    validator = Validator(
        address=fields.address("address"),
        operator=fields.text("operator"),
        category=OperatorClass(fields.choice("class", [*OperatorClass])),
    )
    fields.end()
    return validator


def _read_timestamp_root(fields: Fields) -> TimestampRoot:
    root = TimestampRoot(
        name=fields.text("name"),
        certificate=fields.base64("root_certificate", MAX_CERTIFICATE_BYTES),
    )
    fields.end()
    return root


def _objects(fields: Fields, name: str) -> Iterator[Fields]:
    """Yield a reader for each object of a list."""
    for n, value in enumerate(fields.list(name, MAX_ITEMS)):
        yield Fields(value, f"{fields.where}.{name}[{n}]")


def _set_json(validator_set: ValidatorSet) -> Json:
    return {
        "from_block": validator_set.from_block,
        "to_block": validator_set.to_block,
        "validators": [
            {
                "address": encode_address(validator.address),
                "operator": validator.operator,
                "class": validator.category.value,
            }
            for validator in validator_set.validators
        ],
    }


def _period_json(key: DatedKey) -> dict[str, Json]:
    return {
        "not_before": encode_time(key.not_before),
        "not_after": None if key.not_after is None else encode_time(key.not_after),
    }


def _require_distinct(names: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise TrustError(f"{where} names {name!r} twice")
        seen.add(name)
