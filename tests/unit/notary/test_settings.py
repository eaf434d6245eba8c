from pathlib import Path

import pytest
from pydantic import ValidationError

from notary.settings import Settings


def test_settings_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZHENGLIAN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ZHENGLIAN_PORT", "9999")
    settings = Settings()
    assert settings.data_dir == tmp_path
    assert settings.port == 9999
    assert settings.data.database == tmp_path / "notary.sqlite"


def test_an_origin_of_the_format_is_accepted() -> None:
    assert Settings(origin="court.example/log").origin == "court.example/log"


@pytest.mark.parametrize("origin", ["", "two words", "plus+sign", "a" * 129, "法院"])
def test_an_origin_outside_the_format_is_rejected(origin: str) -> None:
    with pytest.raises(ValidationError, match="origin"):
        Settings(origin=origin)


@pytest.mark.parametrize(
    ("name", "value"), [("port", 65536), ("anchor_interval_s", -1), ("max_exhibit_bytes", 0)]
)
def test_a_setting_out_of_bounds_is_rejected(name: str, value: int) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: value})  # type: ignore[arg-type]
