"""OpenVINO, imported so that it reports nothing."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


def openvino() -> Any:
    """The library. Its converter reports its use to its makers where their package is found."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return import_module("openvino")
