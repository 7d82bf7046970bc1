"""A trial as a picture: the bars of the symbol with most signals, and on them where the filter matched."""

import numpy as np

from cli.pictures import RISE, Layer, Values, draw
from cli.trial_report import Trial

#: Bars that fit, and how many of them stand after the last signal.
SHOWN, AFTER = 120, 15


def picture_of(trial: Trial, name: str) -> str:
    """The picture as SVG text; arrows mark signals, dots all closes at which it matched."""
    symbol = max(trial.symbols, key=lambda one: sum(signal["symbol"] == one for signal in trial.signals))
    bars = trial.bars[symbol]
    closes_ms = bars[0].astype(np.int64) + trial.step_ms
    matched = np.isin(closes_ms, trial.matched_ms.get(symbol, []))
    began = matched & ~np.concatenate(([False], matched[:-1]))
    last = int(np.flatnonzero(began)[-1]) if began.any() else len(began) - 1
    end = min(len(began), max(last + 1 + AFTER, SHOWN))
    rows = slice(max(0, end - SHOWN), end)
    opened, high, low, close = (bars[field][rows] for field in range(1, 5))
    layers = [
        Layer("candles", (opened, high, low, close)),
        Layer("rise", (_where(began[rows], low),), "signals", RISE),
        Layer("dots", (_where(matched[rows] & ~began[rows], high),), "still matches", "#e07b39"),
    ]
    return draw(f"{name}: {symbol} {trial.driving}", [layers])


def _where(chosen: "np.typing.NDArray[np.bool_]", values: Values) -> Values:
    return np.where(chosen, values, np.nan)
