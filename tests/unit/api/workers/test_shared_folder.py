"""The folder of a running service."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.workers.shared_folder import shared_folder
from rag.errors import StoreError


def test_it_is_private_and_gone_at_the_end(tmp_path: Path) -> None:
    with shared_folder(tmp_path / "state") as folder:
        assert folder.path.stat().st_mode & 0o077 == 0
        assert folder.metrics.is_dir()
    assert list((tmp_path / "state").iterdir()) == []


def test_folders_of_killed_services_are_removed_and_those_in_use_are_kept(tmp_path: Path) -> None:
    abandoned = tmp_path / "workers-old"
    abandoned.mkdir()
    (abandoned / "owner.lock").touch()
    with shared_folder(tmp_path) as first, shared_folder(tmp_path) as second:
        assert not abandoned.exists()
        assert first.path.exists()
        assert first.path != second.path


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with (
        pytest.raises(StoreError, match="no folder can be made in"),
        shared_folder(tmp_path / "state"),
    ):
        pytest.fail("it was made")
