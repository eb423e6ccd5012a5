"""The section of the settings that says where notes of incidents are kept."""

from __future__ import annotations

from pathlib import Path

from api.settings.section import Section


class IncidentSettings(Section):
    """`notes` is the folder of the notes, beside the configuration file: a source of its own.

    Without it, closing an incident keeps no note.
    """

    notes: Path | None = None
