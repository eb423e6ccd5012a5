"""Plots of a report, as inline SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_ROW = 20
_NAME, _BAR, _NOTE = 275, 190, 150
_WIDTH, _HEIGHT = 480, 150
_LINE = 14
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 100, 12, 24


@dataclass(frozen=True, slots=True)
class Bar:
    """A value from 0 to 1 by its name; `before` is where the baseline stood."""

    name: str
    value: float
    note: str
    before: float | None = None


def bars(rows: Sequence[Bar], about: str) -> str:
    """A bar a row; a tick stands where the baseline was."""
    parts = [_opening(_NAME + _BAR + _NOTE, _ROW * len(rows) + 4, about)]
    for place, row in enumerate(rows):
        y = place * _ROW
        parts.append(f'<text x="0" y="{y + 14}">{escape(row.name)}</text>')
        parts.append(f'<rect class="of" x="{_NAME}" y="{y + 3}" width="{_BAR}" height="14"/>')
        parts.append(
            f'<rect class="bar" x="{_NAME}" y="{y + 3}" width="{_across(row.value)}" height="14"/>'
        )
        if row.before is not None:
            x = _NAME + _across(row.before)
            parts.append(f'<line class="was" x1="{x}" x2="{x}" y1="{y}" y2="{y + _ROW}"/>')
        parts.append(f'<text x="{_NAME + _BAR + 8}" y="{y + 14}">{escape(row.note)}</text>')
    return "".join((*parts, "</svg>"))


def curve(
    values: Sequence[float],
    about: str,
    *,
    top: float,
    unit: str = "",
    ends: tuple[str, str] = ("", ""),
    levels: Mapping[str, float] | None = None,
) -> str:
    """Values from left to right, between 0 and `top`; `levels` are drawn across, by their names."""
    last = max(1, len(values) - 1)
    dots = [
        (_LEFT + place / last * _WIDTH, _height(value, top)) for place, value in enumerate(values)
    ]
    parts = [_opening(_LEFT + _WIDTH + _RIGHT, _TOP + _HEIGHT + _BOTTOM, about)]
    for value in (0.0, top):
        y = _height(value, top)
        parts.append(
            f'<line class="of" x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y}" y2="{y}"/>'
            f'<text class="axis" x="{_LEFT - 6}" y="{y + 4}">{value:g}{escape(unit)}</text>'
        )
    lowest = 0.0
    for name, value in sorted((levels or {}).items(), key=lambda level: -level[1]):
        y = _height(value, top)
        lowest = max(y + 4, lowest + _LINE)  # labels of close values are moved apart
        parts.append(
            f'<line class="level" x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y}" y2="{y}"/>'
            f'<text x="{_LEFT + _WIDTH + 6}" y="{lowest}">{escape(name)}</text>'
        )
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
    parts.append(f'<polyline class="curve" points="{points}"/>')
    below = _TOP + _HEIGHT + 17
    parts.append(f'<text x="{_LEFT}" y="{below}">{escape(ends[0])}</text>')
    parts.append(f'<text class="axis" x="{_LEFT + _WIDTH}" y="{below}">{escape(ends[1])}</text>')
    return "".join((*parts, "</svg>"))


def _opening(width: int, height: int, about: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="{escape(about)}">'
    )


def _across(value: float) -> float:
    return round(_BAR * min(1.0, max(0.0, value)), 1)


def _height(value: float, top: float) -> float:
    return round(_TOP + (1 - min(1.0, value / top)) * _HEIGHT, 1)
