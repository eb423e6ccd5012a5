"""One service over the sample corpus for every test that only asks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sample_service import Service, index_sample, serving_sample
from tests.shared_model import shared_models


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("service")
    (made / ".runbook").mkdir(mode=0o700)
    (made / ".runbook" / "models").symlink_to(shared_models(tmp_path_factory))
    index_sample(made)
    return made


@pytest.fixture(scope="session")
def service(folder: Path) -> Iterator[Service]:
    with serving_sample(folder) as made:
        yield made
