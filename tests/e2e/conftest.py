"""One service over the sample corpus for every test that only asks it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sample_service import Service, index_sample, serving_sample
from tests.shared_model import shared_folder, shared_models


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = shared_models(tmp_path_factory)

    def index(folder: Path) -> None:
        (folder / ".runbook").mkdir(mode=0o700)
        (folder / ".runbook" / "models").symlink_to(models)
        index_sample(folder)

    made = tmp_path_factory.mktemp("services") / "service"
    shutil.copytree(shared_folder(tmp_path_factory, "sample", index), made, symlinks=True)
    return made


@pytest.fixture(scope="session")
def service(folder: Path) -> Iterator[Service]:
    with serving_sample(folder) as made:
        yield made
