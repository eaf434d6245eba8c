"""The published log: C2SP tlog-tiles (https://c2sp.org/tlog-tiles), without entry bytes."""

from fastapi import APIRouter, Response

from evidence.errors import MerkleError
from evidence.tiles import parse_tile_path
from notary.errors import TileUnknownError
from notary.log import store
from notary.wiring import CurrentNotary

router = APIRouter(prefix="/log", tags=["log"])


@router.get("/checkpoint", response_class=Response)
def get_checkpoint(notary: CurrentNotary) -> Response:
    """The latest checkpoint: a signed note of origin, size and root."""
    with notary.database.read() as connection:
        latest = store.latest_checkpoint(connection)
    if latest is None:
        raise TileUnknownError("The log has no entry and no checkpoint yet.")
    return Response(
        latest.note,
        media_type="text/plain; charset=utf-8",
        headers={"cache-control": "no-cache"},
    )


@router.get("/tile/{path:path}", response_class=Response)
def get_tile(path: str, notary: CurrentNotary) -> Response:
    """One tile of hashes, 32 bytes each; it never changes."""
    try:
        content = notary.tiles.read(parse_tile_path(f"tile/{path}"))
    except MerkleError as error:
        raise TileUnknownError("There is no tile of that name.") from error
    if content is None:
        raise TileUnknownError("The log has no such tile.")
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"cache-control": "public, max-age=31536000, immutable"},
    )
