"""OpenVINO, imported so that it reports nothing and loads no more than is used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

# Reports its use to the makers of the converter, where it is installed.
_TELEMETRY = "openvino_telemetry"
# Needed to export a model, not to run one; the library does without it where it is not there.
_CONVERTER = "openvino.tools.ovc"


def openvino() -> Any:
    """The runtime alone."""
    sys.modules.setdefault(_CONVERTER, None)  # type: ignore[arg-type]  # None blocks the import
    return _library()


def openvino_with_converter() -> Any:
    """The library with its converter, in a process that has not loaded the runtime alone."""
    return _library()


def _library() -> Any:
    sys.modules.setdefault(_TELEMETRY, None)  # type: ignore[arg-type]  # None blocks the import
    return import_module("openvino")
