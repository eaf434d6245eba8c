"""EvidenceLedger running in a py-evm state in memory, without blocks or signatures.

Owns calling the contract with the committed ABI and telling its answers apart. The state machine is
the real one, so storage, events, gas and revert reasons are what a chain would show.
"""

from dataclasses import dataclass
from typing import Any

import rlp
from eth.constants import BLANK_ROOT_HASH, CREATE_CONTRACT_ADDRESS, ZERO_HASH32
from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.london.state import LondonState
from eth.vm.forks.london.transactions import LondonTransactionBuilder
from eth_abi import decode, encode
from eth_keys.datatypes import PrivateKey
from trie import HexaryTrie

from chain.keccak import keccak256
from chain.proof import EvmLog
from contracts import load_artifact

CHAIN_ID = 1337
_GAS = 30_000_000
_ERROR_SELECTOR = keccak256(b"Error(string)")[:4]


class RefusedError(Exception):
    """The contract reverted; the text is its reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a call that was not refused did."""

    values: tuple[Any, ...]
    logs: tuple[EvmLog, ...]
    gas: int
    """Gas of the whole tx, intrinsic gas included."""


class Ledger:
    """One deployed contract and the accounts that call it."""

    def __init__(self, deployer: PrivateKey) -> None:
        artifact = load_artifact()
        self._functions = {f["name"]: f for f in artifact.abi if f["type"] == "function"}
        self._nonces: dict[bytes, int] = {}
        context = ExecutionContext(
            coinbase=bytes(20),
            timestamp=1_700_000_000,
            block_number=1,
            difficulty=1,
            mix_hash=ZERO_HASH32,
            gas_limit=_GAS,
            prev_hashes=(),
            chain_id=CHAIN_ID,
            base_fee_per_gas=0,
        )
        self._database = AtomicDB()
        self.state = LondonState(self._database, context, BLANK_ROOT_HASH)
        computation, self.deployment_gas = self._apply(
            deployer, CREATE_CONTRACT_ADDRESS, artifact.bytecode
        )
        self.address: bytes = computation.msg.storage_address
        self.deployment_logs = _logs(computation)

    def call(self, sender: PrivateKey, function: str, *arguments: Any) -> Outcome:
        """Send a tx and keep its effects; raises RefusedError with the reason of a revert."""
        self.state.lock_changes()
        return self._call(sender, function, arguments)

    def reason_to_refuse(self, sender: PrivateKey, function: str, *arguments: Any) -> str | None:
        """Return why the contract would refuse a call, or None; the state stays as it was."""
        self.state.lock_changes()
        snapshot, nonces = self.state.snapshot(), dict(self._nonces)
        try:
            self._call(sender, function, arguments)
        except RefusedError as refusal:
            return str(refusal)
        finally:
            self.state.revert(snapshot)
            self._nonces = nonces
        return None

    def storage(self, slot: bytes) -> bytes:
        """Return the 32 bytes the contract stores at a slot."""
        return self.state.get_storage(self.address, int.from_bytes(slot, "big")).to_bytes(32, "big")

    def state_trie(self) -> HexaryTrie:
        """Return the trie of all accounts as they are now."""
        self.state.persist()
        return HexaryTrie(self._database, self.state.state_root)

    def storage_trie(self) -> HexaryTrie:
        """Return the trie of the contract's storage as it is now."""
        account = rlp.decode(self.state_trie()[keccak256(self.address)])
        return HexaryTrie(self._database, account[2])

    def _call(self, sender: PrivateKey, function: str, arguments: tuple[Any, ...]) -> Outcome:
        described = self._functions[function]
        computation, gas = self._apply(sender, self.address, _payload(described, arguments))
        if computation.is_error:
            raise RefusedError(_reason(computation.output))
        outputs = [_abi_type(output) for output in described["outputs"]]
        values = decode(outputs, computation.output)
        return Outcome(values=values, logs=_logs(computation), gas=gas)

    def _apply(self, sender: PrivateKey, to: bytes, data: bytes) -> tuple[Any, int]:
        account = sender.public_key.to_canonical_address()
        nonce = self._nonces.get(account, 0)
        unsigned = LondonTransactionBuilder.create_unsigned_transaction(
            nonce=nonce, gas_price=0, gas=_GAS, to=to, value=0, data=data
        )
        signed = unsigned.as_signed_transaction(sender, chain_id=CHAIN_ID)
        computation = self.state.apply_transaction(signed)
        self._nonces[account] = nonce + 1
        used = _GAS - computation.get_gas_remaining()
        # EIP-3529: at most a fifth of the gas is refunded.
        return computation, used - min(computation.get_gas_refund(), used // 5)


def account(number: int) -> PrivateKey:
    """Return the key of a test account."""
    return PrivateKey(number.to_bytes(32, "big"))


def address_of(key: PrivateKey) -> bytes:
    """Return the 20-byte address of a test account."""
    return key.public_key.to_canonical_address()


def _payload(described: dict[str, Any], arguments: tuple[Any, ...]) -> bytes:
    types = [_abi_type(parameter) for parameter in described["inputs"]]
    signature = f"{described['name']}({','.join(types)})"
    return keccak256(signature.encode())[:4] + encode(types, arguments)


def _abi_type(parameter: dict[str, Any]) -> str:
    if not parameter["type"].startswith("tuple"):
        return str(parameter["type"])
    members = ",".join(_abi_type(member) for member in parameter["components"])
    return f"({members}){parameter['type'].removeprefix('tuple')}"


def _logs(computation: Any) -> tuple[EvmLog, ...]:
    return tuple(
        EvmLog(
            address=address,
            topics=tuple(topic.to_bytes(32, "big") for topic in topics),
            data=bytes(data),
        )
        for address, topics, data in computation.get_log_entries()
    )


def _reason(output: bytes) -> str:
    if output[:4] != _ERROR_SELECTOR:
        return f"unexplained revert {output.hex()}"
    return str(decode(["string"], output[4:])[0])
