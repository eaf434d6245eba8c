"""QBFT: which headers the validators of a consortium have sealed.

Owns the content of `extra_data`, the two hashes of a block and the rules of a sealed header as Besu
applies them. Leaves making seals to the engines, and the question who the validators were at a
height to the caller's trust root: a header is never asked for its own validators.

The header rules restate Besu's QbftExtraDataCodec, BftBlockHashing, BftHelpers,
BftCommitSealsValidationRule and BftValidatorsValidationRule. Only secp256k1 keys are supported, and
only validator sets written in the header (not those kept in a validator contract).
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from coincurve import PublicKey

from chain import rlp
from chain.errors import RlpError, SealError
from chain.header import BlockHeader, encode_header
from chain.keccak import keccak256

MIX_HASH = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
"""ASCII "ctical byzantine fault tolerance": the constant that marks a BFT header."""

DIFFICULTY = 1

EMPTY_OMMERS_HASH = keccak256(rlp.encode([]))

NO_VOTE = rlp.encode([])

VANITY_BYTES = 32
_ADDRESS_BYTES = 20
_SEAL_BYTES = 65
_ROUND_BYTES = 4
_VOTE_ADD = b"\xff"
_VOTE_DROP = b""
_GROUP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Order of secp256k1. SEC 2, §2.4.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraData:
    """What QBFT keeps in the `extra_data` of a header."""

    vanity: bytes
    """32 bytes without meaning."""
    validators: tuple[bytes, ...]
    """20-byte addresses, in the order of the header."""
    vote: bytes = NO_VOTE
    """RLP of the proposer's vote: [], [address, 0xff] to add or [address, ""] to drop."""
    round: int = 0
    seals: tuple[bytes, ...] = ()
    """65-byte commit seals r ‖ s ‖ v, v being 0 or 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedHeader:
    """A header sealed by enough of the trusted validators. Only `verify_commit_seals` makes one."""

    header: BlockHeader
    block_hash: bytes
    """32 bytes: the hash by which the chain and its nodes know the block."""
    committers: tuple[bytes, ...]
    """20-byte addresses of the validators that sealed it, in the order of the seals."""


def encode_extra_data(extra: ExtraData) -> bytes:
    """Return the RLP bytes of `extra`."""
    return rlp.encode(
        [
            extra.vanity,
            extra.validators,
            rlp.decode(extra.vote),
            rlp.encode_scalar(extra.round),
            extra.seals,
        ]
    )


def parse_extra_data(raw: bytes) -> ExtraData:
    """Return the QBFT fields in `raw`; `encode_extra_data` of them gives `raw` again.

    Raises:
        SealError: `raw` is not canonical RLP of the five QBFT fields.
    """
    try:
        items = rlp.decode(raw)
        if isinstance(items, bytes) or len(items) != 5:
            raise SealError("expected the five fields of QBFT in the extra data")
        vanity, validators, vote, round_number, seals = items
        if not isinstance(vanity, bytes) or len(vanity) != VANITY_BYTES:
            raise SealError(f"expected {VANITY_BYTES} vanity bytes in the extra data")
        return ExtraData(
            vanity=vanity,
            validators=_fixed_list("validators", validators, _ADDRESS_BYTES),
            vote=_vote(vote),
            round=rlp.decode_scalar(round_number, max_bytes=_ROUND_BYTES),
            seals=_fixed_list("seals", seals, _SEAL_BYTES),
        )
    except RlpError as error:
        raise SealError(f"the extra data cannot be read: {error}") from error


def seal_hash(header: BlockHeader) -> bytes:
    """Return the 32 bytes every validator signs: the header without seals, with its round."""
    extra = parse_extra_data(header.extra_data)
    return _hash_with(header, replace(extra, seals=()))


def block_hash(header: BlockHeader) -> bytes:
    """Return the hash of the block: the header without seals, in round 0; the genesis as it is."""
    if header.number == 0:
        return keccak256(encode_header(header))
    extra = parse_extra_data(header.extra_data)
    return _hash_with(header, replace(extra, seals=(), round=0))


def quorum(validator_count: int) -> int:
    """Return how many of `validator_count` validators must seal: two thirds, rounded up."""
    return -(-2 * validator_count // 3)


def verify_commit_seals(header: BlockHeader, trusted_validators: Collection[bytes]) -> SealedHeader:
    """Return `header` as sealed by a quorum of `trusted_validators`.

    `trusted_validators` are the 20-byte addresses in office for the height of the header, from the
    trust root. Not decided here: whether the parent, the roots and the gas are right, which is what
    the validators attest with their seals.

    Raises:
        SealError: the header breaks a QBFT rule, or a seal does, or there are too few of them.
    """
    trusted = frozenset(trusted_validators)
    if not trusted:
        raise SealError("expected at least one trusted validator, found none")
    if header.number == 0:
        raise SealError("the genesis block carries no commit seals")
    _check_constants(header)
    extra = parse_extra_data(header.extra_data)
    _check_validators(header, extra, trusted)
    if len(extra.seals) > len(trusted):
        # Before any key is recovered: a header has room for a thousand seals.
        raise SealError(f"{len(trusted)} validators cannot have made {len(extra.seals)} seals")
    signed = seal_hash(header)
    committers = tuple(_committer(seal, signed) for seal in extra.seals)
    for committer in committers:
        if committer not in trusted:
            raise SealError(
                f"a commit seal is by {committer.hex()}, who is not a trusted validator"
            )
    if len(set(committers)) != len(committers):
        raise SealError("a validator has sealed the header twice")
    if len(committers) < quorum(len(trusted)):
        raise SealError(
            f"expected {quorum(len(trusted))} commit seals of {len(trusted)} validators, "
            f"found {len(committers)}"
        )
    return SealedHeader(header=header, block_hash=block_hash(header), committers=committers)


def _check_constants(header: BlockHeader) -> None:
    if header.mix_hash != MIX_HASH:
        raise SealError(f"expected the mix hash of a BFT header, found {header.mix_hash.hex()}")
    if header.difficulty != DIFFICULTY:
        raise SealError(f"expected difficulty {DIFFICULTY}, found {header.difficulty}")
    if header.ommers_hash != EMPTY_OMMERS_HASH:
        raise SealError("expected no ommers, found the hash of some")


def _check_validators(header: BlockHeader, extra: ExtraData, trusted: frozenset[bytes]) -> None:
    if list(extra.validators) != sorted(set(extra.validators)):
        raise SealError("the validators in the header are not distinct and in ascending order")
    if frozenset(extra.validators) != trusted:
        raise SealError("the validators in the header are not the trusted ones")
    if header.coinbase not in trusted:
        raise SealError(f"the proposer {header.coinbase.hex()} is not a trusted validator")


def _committer(seal: bytes, signed: bytes) -> bytes:
    """Return the address whose key made `seal` over the 32 bytes `signed`."""
    # Both s and n - s satisfy the equation; only the low one is accepted, so that a seal has one
    # form and cannot be rewritten without the key.
    if int.from_bytes(seal[32:64], "big") > _GROUP_ORDER // 2:
        raise SealError("a commit seal has the high form of s")
    if seal[64] > 1:
        raise SealError(f"expected 0 or 1 as the last byte of a commit seal, found {seal[64]}")
    try:
        key = PublicKey.from_signature_and_message(seal, signed, hasher=None)
    except Exception as error:  # coincurve raises bare Exception when no key can be recovered
        raise SealError("no public key can be recovered from a commit seal") from error
    return keccak256(key.format(compressed=False)[1:])[-_ADDRESS_BYTES:]


def _hash_with(header: BlockHeader, extra: ExtraData) -> bytes:
    return keccak256(encode_header(replace(header, extra_data=encode_extra_data(extra))))


def _fixed_list(name: str, item: rlp.Item, length: int) -> tuple[bytes, ...]:
    if isinstance(item, bytes):
        raise SealError(f"expected a list of {name} in the extra data, found a byte string")
    values = tuple(value for value in item if isinstance(value, bytes) and len(value) == length)
    if len(values) != len(item):
        raise SealError(f"expected {length} bytes in each of the {name} of the extra data")
    return values


def _vote(item: rlp.Item) -> bytes:
    match item:
        case []:
            return NO_VOTE
        case [bytes() as address, bytes() as kind] if len(address) == _ADDRESS_BYTES and kind in (
            _VOTE_ADD,
            _VOTE_DROP,
        ):
            return rlp.encode(item)
    raise SealError("the vote in the extra data is neither empty nor an address to add or drop")
