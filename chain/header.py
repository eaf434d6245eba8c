"""The block header: its fields and its bytes.

Owns the RLP form with 15 fields before London, the base fee after it, and whatever later forks
append. Leaves the content of `extra_data`, the hash of the block and all consensus rules to `qbft`.

Ethereum Yellow Paper §4.3; EIP-1559 for the base fee.
"""

from dataclasses import dataclass

from chain import rlp
from chain.errors import HeaderError, RlpError

BLOOM_BYTES = 256
_FIELDS_BEFORE_LONDON = 15
_FIELDS_MOST = 32
"""The newest fork has 21 fields; the cap only keeps hostile input small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockHeader:
    """A block header as its producer wrote it; nothing in it is verified."""

    parent_hash: bytes
    """32 bytes."""
    ommers_hash: bytes
    """32 bytes."""
    coinbase: bytes
    """20 bytes: under QBFT the validator that proposed the block."""
    state_root: bytes
    """32 bytes."""
    transactions_root: bytes
    """32 bytes."""
    receipts_root: bytes
    """32 bytes."""
    bloom: bytes
    """256 bytes."""
    difficulty: int
    number: int
    """The height of the block; the genesis block is 0."""
    gas_limit: int
    gas_used: int
    timestamp: int
    """Seconds since 1970-01-01T00:00:00Z."""
    extra_data: bytes
    mix_hash: bytes
    """32 bytes."""
    nonce: bytes
    """8 bytes."""
    base_fee: int | None
    """Wei per gas, or None in a header from before London."""
    later_fields: tuple[bytes, ...] = ()
    """Fields of forks after London, unread; only possible with a base fee."""


def encode_header(header: BlockHeader) -> bytes:
    """Return the RLP bytes of `header`.

    Raises:
        HeaderError: later fields are present without a base fee.
    """
    fields = [
        header.parent_hash,
        header.ommers_hash,
        header.coinbase,
        header.state_root,
        header.transactions_root,
        header.receipts_root,
        header.bloom,
        rlp.encode_scalar(header.difficulty),
        rlp.encode_scalar(header.number),
        rlp.encode_scalar(header.gas_limit),
        rlp.encode_scalar(header.gas_used),
        rlp.encode_scalar(header.timestamp),
        header.extra_data,
        header.mix_hash,
        header.nonce,
    ]
    if header.base_fee is not None:
        fields.append(rlp.encode_scalar(header.base_fee))
    elif header.later_fields:
        raise HeaderError("a header with fields of later forks must have a base fee")
    return rlp.encode([*fields, *header.later_fields])


def parse_header(raw: bytes) -> BlockHeader:
    """Return the header in `raw`; `encode_header` of it gives `raw` again.

    Raises:
        HeaderError: `raw` is not canonical RLP, or a field is missing, too long or too short.
    """
    try:
        items = rlp.decode(raw)
        if isinstance(items, bytes):
            raise HeaderError("expected a list of header fields, found a byte string")
        if not _FIELDS_BEFORE_LONDON <= len(items) <= _FIELDS_MOST:
            raise HeaderError(f"expected at least 15 header fields, found {len(items)}")
        return BlockHeader(
            parent_hash=_fixed("parent_hash", items[0], 32),
            ommers_hash=_fixed("ommers_hash", items[1], 32),
            coinbase=_fixed("coinbase", items[2], 20),
            state_root=_fixed("state_root", items[3], 32),
            transactions_root=_fixed("transactions_root", items[4], 32),
            receipts_root=_fixed("receipts_root", items[5], 32),
            bloom=_fixed("bloom", items[6], BLOOM_BYTES),
            difficulty=rlp.decode_scalar(items[7], max_bytes=32),
            number=rlp.decode_scalar(items[8], max_bytes=8),
            gas_limit=rlp.decode_scalar(items[9], max_bytes=8),
            gas_used=rlp.decode_scalar(items[10], max_bytes=8),
            timestamp=rlp.decode_scalar(items[11], max_bytes=8),
            extra_data=_bytes("extra_data", items[12]),
            mix_hash=_fixed("mix_hash", items[13], 32),
            nonce=_fixed("nonce", items[14], 8),
            base_fee=rlp.decode_scalar(items[15], max_bytes=32) if len(items) > 15 else None,
            later_fields=tuple(_bytes("later field", item) for item in items[16:]),
        )
    except RlpError as error:
        raise HeaderError(f"the block header cannot be read: {error}") from error


def _bytes(name: str, item: rlp.Item) -> bytes:
    if not isinstance(item, bytes):
        raise HeaderError(f"expected bytes in the header field {name}, found a list")
    return item


def _fixed(name: str, item: rlp.Item, length: int) -> bytes:
    value = _bytes(name, item)
    if len(value) != length:
        raise HeaderError(f"expected {length} bytes in the header field {name}, found {len(value)}")
    return value
