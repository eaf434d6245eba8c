"""Raw headers and receipts from nodes of different abilities, honest and not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from web3 import Web3
from web3.exceptions import ContractLogicError, Web3ValueError
from web3.types import RPCEndpoint, RPCResponse

from chain.embedded import EmbeddedChain
from chain.embedded.provider import EmbeddedProvider
from chain.errors import ChainError, ContractError, HeaderError, RpcError
from chain.header import encode_header, parse_header
from chain.jsonrpc import ask, from_hex, from_quantity, node_errors, raw_header, raw_receipts
from chain.qbft import block_hash
from tests.unit.chain.embedded.sending import COUNTER, sign, sign_creation, sign_typed

Edit = Callable[[Any], Any]


class LimitedNode(EmbeddedProvider):
    """A node that lacks some methods and alters the results of others."""

    def __init__(
        self,
        chain: EmbeddedChain,
        *,
        lacking: tuple[str, ...] = (),
        code: int = -32601,
        **edits: Edit,
    ) -> None:
        super().__init__(chain)
        self._lacking, self._code, self._edits = lacking, code, edits

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        if method in self._lacking:
            return {"jsonrpc": "2.0", "id": 1, "error": {"code": self._code, "message": "no"}}
        response = super().make_request(method, params)
        if method in self._edits:
            response["result"] = self._edits[method](response["result"])
        return response


class SilentNode(EmbeddedProvider):
    """A node that cannot be reached."""

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        raise ConnectionRefusedError("connection refused")


DEBUG = ("debug_getRawHeader", "debug_getRawReceipts")


@pytest.fixture
def busy(chain: EmbeddedChain) -> EmbeddedChain:
    """A chain whose second block holds receipts of both forms, one with a log."""
    chain.mine([sign_creation(0, COUNTER)])
    eth = chain.web3().eth
    created = eth.get_transaction_receipt(eth.get_block(1)["transactions"][0])
    chain.mine([sign(1, to=created["contractAddress"]), sign_typed(2)])
    return chain


def receipts_root(chain: EmbeddedChain) -> bytes:
    return chain.head.receipts_root


@pytest.mark.parametrize("code", [-32601, -32604])
def test_node_without_debug_methods_gives_the_same_bytes(busy: EmbeddedChain, code: int) -> None:
    full, limited = busy.web3(), Web3(LimitedNode(busy, lacking=DEBUG, code=code))
    assert raw_header(limited, 2) == raw_header(full, 2)
    root = receipts_root(busy)
    assert raw_receipts(limited, 2, root) == raw_receipts(full, 2, root)


def test_node_that_fails_otherwise_is_an_error(busy: EmbeddedChain) -> None:
    failing = Web3(LimitedNode(busy, lacking=DEBUG, code=-32603))
    with pytest.raises(RpcError, match="debug_getRawHeader failed: no"):
        raw_header(failing, 2)
    with pytest.raises(RpcError, match="debug_getRawReceipts failed: no"):
        raw_receipts(failing, 2, receipts_root(busy))


ROOT = b"\x01" * 32


@pytest.mark.parametrize(
    ("later", "fields"),
    [
        ({}, ()),
        ({"withdrawalsRoot": "0x" + ROOT.hex()}, (ROOT,)),
        (
            {"withdrawalsRoot": "0x" + ROOT.hex(), "blobGasUsed": "0x0", "excessBlobGas": "0x5"},
            (ROOT, b"", b"\x05"),
        ),
        ({"withdrawalsRoot": None, "blobGasUsed": "0x0"}, ()),
        ({"withdrawalsRoot": "0x" + ROOT.hex(), "excessBlobGas": "0x5"}, (ROOT,)),
    ],
)
def test_rebuilt_header_ends_before_the_first_field_it_lacks(
    busy: EmbeddedChain, later: dict[str, Any], fields: tuple[bytes, ...]
) -> None:
    expected = replace(busy.head, later_fields=fields)
    later = {**later, "hash": "0x" + block_hash(expected).hex()}
    node = LimitedNode(busy, lacking=DEBUG, eth_getBlockByNumber=lambda block: block | later)
    assert raw_header(Web3(node), 2) == encode_header(expected)


def test_header_from_before_london_is_rebuilt_without_a_base_fee(busy: EmbeddedChain) -> None:
    expected = replace(busy.head, base_fee=None)
    edits = {"baseFeePerGas": None, "hash": "0x" + block_hash(expected).hex()}
    node = LimitedNode(busy, lacking=DEBUG, eth_getBlockByNumber=lambda block: block | edits)
    assert raw_header(Web3(node), 2) == encode_header(expected)


def test_raw_header_with_another_hash_is_refused(busy: EmbeddedChain) -> None:
    swapped = raw_header(busy.web3(), 1)
    node = LimitedNode(busy, debug_getRawHeader=lambda _: "0x" + swapped.hex())
    with pytest.raises(RpcError, match="header of block 2 does not have the hash"):
        raw_header(Web3(node), 2)


def test_raw_header_that_is_none_is_refused(busy: EmbeddedChain) -> None:
    with pytest.raises(HeaderError):
        raw_header(Web3(LimitedNode(busy, debug_getRawHeader=lambda _: "0x00")), 2)
    with pytest.raises(RpcError, match="hexadecimal data is expected"):
        raw_header(Web3(LimitedNode(busy, debug_getRawHeader=lambda _: None)), 2)


def test_block_the_node_does_not_have_is_an_error(busy: EmbeddedChain) -> None:
    with pytest.raises(RpcError, match="block 3 is expected"):
        raw_header(busy.web3(), 3)


@pytest.mark.parametrize("edit", [lambda raws: raws[:1], lambda raws: raws[::-1], lambda _: []])
def test_receipts_with_another_root_are_refused(busy: EmbeddedChain, edit: Edit) -> None:
    with pytest.raises(RpcError, match="do not have the root"):
        raw_receipts(Web3(LimitedNode(busy, debug_getRawReceipts=edit)), 2, receipts_root(busy))


def test_receipts_of_a_block_are_those_of_its_header(busy: EmbeddedChain) -> None:
    root = parse_header(raw_header(busy.web3(), 1)).receipts_root
    assert len(raw_receipts(busy.web3(), 1, root)) == 1
    with pytest.raises(RpcError, match="do not have the root"):
        raw_receipts(busy.web3(), 2, root)


def test_unreachable_node_is_an_error(busy: EmbeddedChain) -> None:
    with pytest.raises(RpcError, match="connection refused"):
        ask(Web3(SilentNode(busy)), "eth_chainId")


def test_error_of_the_node_keeps_its_message(busy: EmbeddedChain) -> None:
    with pytest.raises(RpcError, match="eth_unheardOf failed: the method eth_unheardOf"):
        ask(busy.web3(), "eth_unheardOf")


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (ContractLogicError("execution reverted: stale"), ContractError),
        (Web3ValueError("bad"), RpcError),
        (KeyError("blockNumber"), RpcError),
        (TimeoutError("late"), RpcError),
        (HeaderError("kept as it is"), HeaderError),
    ],
)
def test_foreign_errors_become_ours(foreign: Exception, ours: type[ChainError]) -> None:
    with pytest.raises(ours, match=r"stale|bad|blockNumber|late|kept"), node_errors():
        raise foreign


def test_error_that_is_our_own_mistake_stays_visible() -> None:
    with pytest.raises(ZeroDivisionError), node_errors():
        raise ZeroDivisionError


@pytest.mark.parametrize("value", [None, 1, "0x1", "zz"])
def test_data_that_is_no_data_is_refused(value: Any) -> None:
    with pytest.raises(RpcError, match="hexadecimal data"):
        from_hex(value)


@pytest.mark.parametrize("value", [None, 1, "zz", ""])
def test_quantity_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(RpcError, match="a quantity"):
        from_quantity(value)
