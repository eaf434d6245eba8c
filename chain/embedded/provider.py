"""The embedded chain as a web3 provider.

Owns the JSON-RPC envelope: requests pass through the same JSON encoding as over HTTP, so that code
written against this chain meets no surprise with a node.
"""

from __future__ import annotations

import json
from typing import Any

from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCError, RPCResponse

from chain.embedded.chain import EmbeddedChain
from chain.embedded.refusal import RefusedError
from chain.embedded.rpc import ChainRpc


class EmbeddedProvider(JSONBaseProvider):
    """Answers web3 from an open chain in this process."""

    def __init__(self, chain: EmbeddedChain) -> None:
        super().__init__()
        self._rpc = ChainRpc(chain)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """The JSON-RPC response: a result, or the error that refused the request."""
        request = json.loads(self.encode_rpc_request(method, params))
        try:
            result = self._rpc.answer(method, request["params"])
        except RefusedError as refusal:
            error: RPCError = {"code": refusal.code, "message": refusal.message}
            if refusal.data is not None:
                error["data"] = refusal.data
            return {"jsonrpc": "2.0", "id": request["id"], "error": error}
        return {"jsonrpc": "2.0", "id": request["id"], "result": result}
