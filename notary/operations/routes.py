"""Trust root, status and health over HTTP."""

from importlib.metadata import version

from fastapi import APIRouter, Response
from pydantic import BaseModel

from evidence.fields import encode_address, encode_time
from notary.wiring import CurrentNotary
from verifier.trust import encode_trust_root

router = APIRouter(tags=["operations"])


class ChainView(BaseModel):
    """The chain that the log is anchored on."""

    chain_id: int
    contract: str
    validators: list[str]
    anchored_block_height: int | None


class StatusView(BaseModel):
    """How far the log has come."""

    log: str
    assurance: str
    log_size: int
    anchored_size: int
    pending: int
    last_anchored_at: str | None
    anchoring: str
    chain: ChainView
    software: str


class HealthView(BaseModel):
    """The answer to a health check that went well."""

    status: str


@router.get("/v1/trust-root", response_class=Response)
def get_trust_root(notary: CurrentNotary) -> Response:
    """The trust root of this notary; hand it to verifiers by a way they trust."""
    return Response(encode_trust_root(notary.trust), media_type="application/json")


@router.get("/v1/status")
def get_status(notary: CurrentNotary) -> StatusView:
    """How far the log has come and on which chain it is anchored."""
    status = notary.operations.status()
    anchored_at = status.last_anchored_at
    ledger = notary.trust.ledger
    return StatusView(
        log=notary.identity.origin,
        assurance=notary.trust.assurance,
        log_size=status.log_size,
        anchored_size=status.anchored_size,
        pending=status.pending,
        last_anchored_at=None if anchored_at is None else encode_time(anchored_at),
        anchoring=status.anchoring,
        chain=ChainView(
            chain_id=ledger.chain_id,
            contract=encode_address(ledger.contract),
            validators=[
                encode_address(validator.address)
                for validator_set in ledger.validator_sets
                for validator in validator_set.validators
            ],
            anchored_block_height=status.block_height,
        ),
        software=f"zhenglian {version('zhenglian')}",
    )


@router.get("/healthz")
def get_health() -> HealthView:
    """The process lives."""
    return HealthView(status="ok")


@router.get("/readyz")
def get_readiness(notary: CurrentNotary) -> HealthView:
    """Database, blob store and chain can be used and anchoring goes on; 503 otherwise."""
    notary.operations.require_ready()
    return HealthView(status="ok")
