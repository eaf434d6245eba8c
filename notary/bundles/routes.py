"""GET /v1/deposits/{stream}/bundle."""

from fastapi import APIRouter, Response

from notary.wiring import CurrentNotary

MEDIA_TYPE = "application/vnd.zhenglian.bundle+json"

router = APIRouter(prefix="/v1/deposits", tags=["bundles"])


@router.get(
    "/{stream}/bundle", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}}
)
def get_bundle(stream: str, notary: CurrentNotary) -> Response:
    """The evidence bundle of a deposit, which anyone can verify offline with the trust root."""
    bundle = notary.bundles.bundle(stream)
    name = f"{stream.removeprefix('exhibit:')}.evidence.json"
    return Response(
        bundle,
        media_type=MEDIA_TYPE,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )
