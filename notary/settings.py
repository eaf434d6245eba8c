"""What an operator may set: environment variables ZHENGLIAN_*, or arguments in tests.

Owns names, defaults and bounds of the settings. Leaves where state lies to `notary.datadir`.
"""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

from evidence.checkpoint import check_origin
from evidence.errors import CheckpointError
from notary.datadir import DataDirectory


def _origin(text: str) -> str:
    try:
        check_origin(text)
    except CheckpointError as error:
        raise ValueError(str(error)) from error
    return text


class Settings(BaseSettings):
    """The settings of one notary."""

    model_config = SettingsConfigDict(env_prefix="ZHENGLIAN_", extra="forbid", frozen=True)

    data_dir: Path = Path("zhenglian-data")
    """Everything the notary keeps; made if absent."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    origin: Annotated[str, AfterValidator(_origin)] | None = None
    """Name of the log; derived from the log's key at the first start, and fixed from then on."""
    trust_root_name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = (
        "Zhenglian sandbox"
    )
    """What a report calls this notary's trust root."""
    anchor_interval_s: Annotated[float, Field(ge=0, le=3600)] = 0.5
    """Least time between two checkpoints: deposits that arrive in between share one tx."""
    max_exhibit_bytes: Annotated[int, Field(ge=1)] = 100 * 2**30
    """Longest exhibit taken in."""
    chain_id: Annotated[int, Field(ge=1, lt=2**53)] = 20_180_907
    """Id of the embedded chain."""

    @property
    def data(self) -> DataDirectory:
        """Where each part keeps its state."""
        return DataDirectory(root=self.data_dir)
