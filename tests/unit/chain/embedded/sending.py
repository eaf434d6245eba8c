"""Signed transactions and a settable clock for the tests of the embedded chain."""

from typing import Any

from eth_abi import encode
from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain.embedded import DEFAULT_CHAIN_ID
from chain.keccak import keccak256

SENDER: LocalAccount = Account.from_key(b"\x01" * 32)
STRANGER: LocalAccount = Account.from_key(b"\x02" * 32)

_RETURN, _REVERT = b"\xf3", b"\xfd"


def _ending_with(payload: bytes, ending: bytes) -> bytes:
    """Creation code that copies its own tail to memory and returns it, or reverts with it."""
    size = bytes([len(payload)])
    copy = b"\x60" + size + b"\x60\x0c\x60\x00\x39"
    return copy + b"\x60" + size + b"\x60\x00" + ending + payload


COUNTER = _ending_with(
    bytes.fromhex("60005460010160005560003560006000a160005460005260206000f3"), _RETURN
)
"""Creates a contract that adds 1 to slot 0, emits an EVM log whose topic is the first word of the
call, and returns slot 0."""

REFUSER = _ending_with(keccak256(b"Error(string)")[:4] + encode(["string"], ["wrong"]), _REVERT)
"""Creates nothing: reverts with the text "wrong"."""


class SettableClock:
    """A clock that stands still until it is set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def sign(nonce: int, *, account: LocalAccount = SENDER, **fields: Any) -> bytes:
    """A signed legacy transaction of no value to the zero address, unless fields say otherwise."""
    transaction: dict[str, Any] = {
        "chainId": DEFAULT_CHAIN_ID,
        "nonce": nonce,
        "gasPrice": 0,
        "gas": 200_000,
        "value": 0,
        "data": b"",
        "to": "0x" + "00" * 20,
    }
    transaction |= fields
    return bytes(
        account.sign_transaction(
            {name: value for name, value in transaction.items() if value is not None}
        ).raw_transaction
    )


def sign_typed(nonce: int, **fields: Any) -> bytes:
    """The same as an EIP-1559 transaction with zero fees."""
    return sign(
        nonce, gasPrice=None, maxFeePerGas=0, maxPriorityFeePerGas=0, accessList=[], **fields
    )


def sign_creation(nonce: int, code: bytes, **fields: Any) -> bytes:
    """A transaction that runs this creation code."""
    return sign(nonce, to=None, data=code, **fields)


def address_of(account: LocalAccount) -> bytes:
    """The account's 20-byte address."""
    return bytes.fromhex(account.address[2:])
