"""Small pictures of series, as SVG text: arrays in, text out.

A picture is one or two panels above one another, each with layers on a common scale. Colours are of middle lightness, so that
a picture can be read on white and on black. Inside, a unit is a tenth of a pixel and all numbers are whole: what machines
compute differently in the last bits looks the same, and costs few letters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Candles take four series: open, high, low, close. Bars stand on zero; dots lie on their values, arrows point at them.
Kind = Literal["candles", "price", "line", "bars", "dots", "rise", "fall"]

WIDTH, HEIGHT = 4_800, 2_000
LEFT, RIGHT = 40, 440
#: Height of the line of names above a panel, and of the part of two panels that is the lower one's.
NAMES, LOWER = 150, 0.52
GAP = 70
ARROW_WIDTH, ARROW_HEIGHT = 44, 76

GREY: Final = "#808890"
RISE, FALL = "#2a9d5c", "#d1505a"
#: Of the results, in order.
COLOURS: Final = ("#3b82f6", "#e07b39", "#a26bd9", "#1b9aaa", "#c2558f", "#8a9a2b", "#a0764b")


@dataclass(frozen=True, slots=True)
class Layer:
    """Series drawn in one way; without a name it is not named above the panel."""

    kind: Kind
    values: tuple[Values, ...]
    name: str = ""
    colour: str = GREY


Panel = Sequence[Layer]


def draw(title: str, panels: Sequence[Panel]) -> str:
    """The picture, with its title as what is read out and as the first of the names."""
    shares = (1.0,) if len(panels) == 1 else (1 - LOWER, LOWER)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="480" height="200" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="95" fill="none" stroke-width="13" stroke-linejoin="round" stroke-linecap="round">'
    )
    parts = [head, f"<title>{escape(title)}</title>"]
    top = 0
    for number, (panel, share) in enumerate(zip(panels, shares, strict=True)):
        bottom = top + round(HEIGHT * share)
        parts += _panel(panel, top, bottom, title if number == 0 else "")
        top = bottom
    return "\n".join([*parts, "</svg>", ""])


class _Scale:
    """From values to whole units of the picture: rows to the right, values upwards."""

    def __init__(self, panel: Panel, top: int, bottom: int) -> None:
        values = np.concatenate([array for layer in panel for array in layer.values])
        values = values[np.isfinite(values)]
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
        if any(layer.kind == "bars" for layer in panel):
            low, high = min(low, 0.0), max(high, 0.0)
        self.low, self.high = low, high
        self.top, self.bottom = top + NAMES + 30, bottom - 50
        bars = len(panel[0].values[0])
        self.step = (WIDTH - LEFT - RIGHT) // bars
        self.x: Ints = LEFT + self.step // 2 + self.step * np.arange(bars)

    def y(self, values: Values) -> Ints:
        """Only of finite values."""
        span = self.high - self.low
        place = (values - self.low) / span if span else np.full(len(values), 0.5)
        return np.rint(self.bottom - place * (self.bottom - self.top)).astype(np.int64)


def _panel(panel: Panel, top: int, bottom: int, title: str) -> Iterator[str]:
    scale = _Scale(panel, top, bottom)
    right = WIDTH - RIGHT
    yield f'<path stroke="{GREY}" stroke-opacity=".35" stroke-width="8" d="M{LEFT},{scale.bottom + 25}H{right}"/>'
    if scale.low < 0 < scale.high:
        zero = int(scale.y(np.zeros(1))[0])
        yield f'<path stroke="{GREY}" stroke-width="6" stroke-dasharray="24" d="M{LEFT},{zero}H{right}"/>'
    for layer in panel:
        yield from _layer(layer, scale)
    yield from _names(panel, title, top + 115)
    if scale.low < scale.high:
        yield f'<g fill="{GREY}" font-size="85">'
        for value, y in ((scale.high, scale.top + 50), (scale.low, scale.bottom + 10)):
            yield f'<text x="{right + 40}" y="{y}">{_number(value)}</text>'
        yield "</g>"


def _names(panel: Panel, title: str, y: int) -> Iterator[str]:
    named = [(title, GREY), *((layer.name, layer.colour) for layer in panel)]
    between = f' dx="{GAP}"'
    spans = [f'fill="{colour}">{escape(name)}</tspan>' for name, colour in named if name]
    if spans:
        yield f'<text x="{LEFT}" y="{y}"><tspan ' + f"<tspan{between} ".join(spans) + "</text>"


def _number(value: float) -> str:
    """Four digits that matter, without an exponent where that is short."""
    if value != 0 and not 1e-4 <= abs(value) < 1e7:
        return f"{value:.2e}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def _layer(layer: Layer, scale: _Scale) -> Iterator[str]:
    if layer.kind == "candles":
        yield from _candles(layer.values, scale)
        return
    values = layer.values[0]
    finite = np.isfinite(values)
    if not finite.any():
        return
    x, y = scale.x[finite], scale.y(values[finite])
    if layer.kind == "bars":
        zero = int(scale.y(np.zeros(1))[0])
        yield _strokes(layer.colour, round(scale.step * 0.55), x, np.full(len(y), zero), y)
    elif layer.kind == "dots":
        points = "".join(f"M{a},{b}h0" for a, b in zip(x.tolist(), y.tolist(), strict=True))
        yield f'<path stroke="{layer.colour}" stroke-width="42" d="{points}"/>'
    elif layer.kind in ("rise", "fall"):
        sign = 1 if layer.kind == "rise" else -1
        shape = f"l{ARROW_WIDTH},{sign * ARROW_HEIGHT}h{-2 * ARROW_WIDTH}z"
        points = "".join(f"M{a},{b + sign * 40}{shape}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
        yield f'<path fill="{RISE if sign > 0 else FALL}" d="{points}"/>'
    else:
        width = ' stroke-opacity=".7"' if layer.kind == "price" else ""
        yield f'<path stroke="{layer.colour}"{width} d="{_line(scale, values, finite)}"/>'


def _candles(values: tuple[Values, ...], scale: _Scale) -> Iterator[str]:
    opened, high, low, close = (scale.y(one) for one in values)
    for colour, chosen in ((RISE, values[3] >= values[0]), (FALL, values[3] < values[0])):
        if chosen.any():
            x = scale.x[chosen]
            yield _strokes(colour, 9, x, high[chosen], low[chosen])
            # A body without height would be invisible.
            bottom = np.where(opened == close, close + 8, close)
            yield _strokes(colour, round(scale.step * 0.6), x, opened[chosen], bottom[chosen])


def _strokes(colour: str, width: int, x: Ints, begin: Ints, end: Ints) -> str:
    """Upright strokes; those without a length are left out."""
    points = "".join(f"M{a},{b}V{c}" for a, b, c in zip(x.tolist(), begin.tolist(), end.tolist(), strict=True) if b != c)
    return f'<path stroke="{colour}" stroke-width="{width}" stroke-linecap="butt" d="{points}"/>'


def _line(scale: _Scale, values: Values, finite: NDArray[np.bool_]) -> str:
    """Steps from point to point, equal ones in a row as one; where a value is missing the line begins anew."""
    text: list[str] = []
    rows = np.flatnonzero(finite)
    for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
        y = scale.y(values[run])
        # A point alone becomes a dot.
        text.append(f"M{scale.x[run[0]]},{y[0]}" + ("h0" if len(run) == 1 else ""))
        for step, equal in groupby(np.diff(y).tolist()):
            count = len(list(equal))
            text.append(f"l{count * scale.step},{count * step}".replace(",-", "-"))
    return "".join(text)
