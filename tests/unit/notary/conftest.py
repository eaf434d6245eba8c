import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from notary.wiring import Notary
from tests.unit.notary.workbench import Workbench


@pytest.fixture(scope="session")
def started_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a notary that was started once and never used.

    Making the keys, the schema and the contract takes three times as long as all the rest.
    """
    directory = tmp_path_factory.mktemp("notary") / "data"
    with Workbench(directory).open():
        return directory


@pytest.fixture
def workbench(started_directory: Path, tmp_path: Path) -> Workbench:
    return Workbench(shutil.copytree(started_directory, tmp_path / "data"))


@pytest.fixture
def notary(workbench: Workbench) -> Iterator[Notary]:
    with workbench.open() as notary:
        yield notary
