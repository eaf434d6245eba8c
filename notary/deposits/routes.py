"""Deposits over HTTP: the body of an upload is the exhibit itself, streamed."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response, status

from notary.deposits.requests import (
    IdempotencyKey,
    PlainQuery,
    RawBody,
    announced_bytes,
    read_digests_request,
)
from notary.deposits.schemas import DepositView, DigestsRequest, UploadParameters, deposit_view
from notary.deposits.service import ReceivedExhibit
from notary.deposits.upload import receive_upload
from notary.wiring import CurrentNotary, Notary

router = APIRouter(prefix="/v1/deposits", tags=["deposits"], dependencies=[PlainQuery])


async def _require_log(notary: CurrentNotary) -> None:
    notary.operations.require_log()


_LOG_GOES_ON = Depends(_require_log)

_RAW: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The exhibit itself.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_JSON: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": DigestsRequest.model_json_schema()}},
    }
}


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    dependencies=[_LOG_GOES_ON, RawBody],
    openapi_extra=_RAW,
)
async def post_deposit(
    request: Request,
    response: Response,
    parameters: Annotated[UploadParameters, Query()],
    key: IdempotencyKey,
    notary: CurrentNotary,
) -> DepositView:
    """Deposit a file: it is stored, recorded and acknowledged before the answer comes."""
    statement = parameters.statement()
    async with _received(request, notary) as received:
        return await _created(
            lambda: notary.deposits.deposit_file(
                received, statement, expected=parameters.expect, key=key
            ),
            response,
            notary,
        )


@router.post(
    "/digests",
    status_code=status.HTTP_201_CREATED,
    dependencies=[_LOG_GOES_ON],
    openapi_extra=_JSON,
)
async def post_digests(
    request: Request, response: Response, key: IdempotencyKey, notary: CurrentNotary
) -> DepositView:
    """Deposit the digests of a file that stays with the depositor."""
    wanted = await read_digests_request(request)
    exhibit, statement = wanted.exhibit(), wanted.statement()
    return await _created(
        lambda: notary.deposits.deposit_digests(exhibit, statement, key=key), response, notary
    )


@router.post(
    "/{stream}/original",
    status_code=status.HTTP_201_CREATED,
    dependencies=[_LOG_GOES_ON, RawBody],
    openapi_extra=_RAW,
)
async def post_original(
    stream: str,
    request: Request,
    response: Response,
    parameters: Annotated[UploadParameters, Query()],
    key: IdempotencyKey,
    notary: CurrentNotary,
) -> DepositView:
    """Hand in the file of which the digests were deposited before."""
    statement = parameters.statement()
    await to_thread.run_sync(lambda: notary.deposits.expect_original(stream, key=key))
    async with _received(request, notary) as received:
        return await _created(
            lambda: notary.deposits.add_original(
                stream, received, statement, expected=parameters.expect, key=key
            ),
            response,
            notary,
        )


@router.get("/{stream}")
def get_deposit(stream: str, notary: CurrentNotary) -> DepositView:
    """How far a deposit has come."""
    return _view(stream, notary)


@asynccontextmanager
async def _received(request: Request, notary: Notary) -> AsyncIterator[ReceivedExhibit]:
    """The body is in the blob store, measured and not yet committed; forgotten unless it is."""
    writer = await to_thread.run_sync(notary.blobs.begin)
    try:
        await receive_upload(
            request.stream(),
            writer.write,
            announced_bytes=announced_bytes(request),
            limit_bytes=notary.settings.max_exhibit_bytes,
        )
        measurement = await to_thread.run_sync(writer.finish)
        yield ReceivedExhibit(writer=writer, measurement=measurement)
    finally:
        await to_thread.run_sync(writer.abort)


async def _created(act: Callable[[], str], response: Response, notary: Notary) -> DepositView:
    """The act is done; returns how far the stream has come that it returned."""
    view = await to_thread.run_sync(lambda: _view(act(), notary))
    response.headers["location"] = view.links.self
    return view


def _view(stream: str, notary: Notary) -> DepositView:
    assurance: Literal["sandbox", "production"] = notary.trust.assurance.value
    return deposit_view(
        notary.deposit_reader.read(stream), log=notary.identity.origin, assurance=assurance
    )
