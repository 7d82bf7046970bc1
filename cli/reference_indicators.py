"""The page of indicators, made from the catalog: `python -m cli.reference_indicators > docs/indicators.md`."""

from collections.abc import Mapping
from typing import Any

import click

from cli.indicators import GROUPS, document
from indicators import catalog
from indicators.public import described, sentence

HEAD = """\
# Indicators

What `ta` has in a filter, and `import indicators` in Python: {count} indicators, {talib} of them TA-Lib's with TA-Lib's values,
the others those that screens ask for and TA-Lib lacks. `engine indicators` lists them in a terminal, `engine indicators rsi`
tells everything about one, `--search` finds, `--json` is for programs. This page and that command are made from the same
catalog (`make docs`).

## Calling

```python
ta.rsi(five.close, 14)                                     # in a filter
macd, signal, hist = ta.macd(five.close, signalperiod=5)   # several results come as a tuple, in the order named here

import indicators                                          # in Python of your own
indicators.rsi(close, 14)                                  # close of shape (bars,) gives (bars,)
indicators.rsi(closes, 14)                                 # (bars, symbols) gives (bars, symbols): all symbols in one call
```

- **Series** are oldest first, of any number type, and are never changed. Names and order of series and parameters are TA-Lib's,
  in lower case; `period` stands for `timeperiod`. All may be given by place or by name; parameters that are left out have the
  defaults named here. In conditions, a number may stand for one of the series: `ta.crossed_above(rsi, 30)`.
- **One series or a block.** A block holds symbols side by side, one a column; each column gets the bits it would get alone, in
  a fraction of the time, since neighbouring symbols share the vector unit.
- **Results** are float64. Conditions are bool; what TA-Lib answers as a whole number (patterns, rows) is int32.
- **Look-back**: so many results at the start of a series are undefined, as in TA-Lib: NaN, False or 0. A series that is too
  short is no error, only undefined throughout. The look-back named here is that of the defaults.
- **NaN at the start** of a series (a symbol listed late, an indicator of an indicator) is passed over: counting begins at the
  first bar in which all series have a value, for each symbol by itself. A NaN further on may spoil what follows in that symbol,
  and in no other.
- **Causal**: a result depends on its bar and on those before, never on a later one. Nothing repaints.
- **Errors** name parameter, value and range: `rsi: period was 1: expected an integer from 2 to 100000`.

## Remembered, and extended by new bars

In a filter the first call of a cycle computes a series for all symbols at once and remembers it, for all traders. Asked for
again, by the next symbol or another trader, it is a look-up of less than a microsecond. Calls of calls are remembered as well
(`ta.ema(ta.rsi(five.close, 14), 9)`); slices and sums are series of their own, computed on the spot and not kept.

When a bar closes, only that bar is computed, at a cost that does not depend on how long the history is: each indicator goes on
from the few numbers it kept (its *state*), or looks at its last bars. A bar that is still forming is computed from a copy of
the state and leaves nothing behind. The same machine code computes the whole and the new bar, so that the bits are the same.
Where the exchange corrects a closed bar, the series of that one symbol is computed anew; where the window that filters see moves
on to its next anchor, all of them are.

## How values are tested

Each indicator that TA-Lib has is held against TA-Lib 0.8 itself, to a relative 1e-9 and with undefined values at the same
places: on recorded candles of quiet, wild and hardly traded symbols, and on constant, short, gappy, tiny and huge series, at
several parameters. All others are held against a second, slow implementation that was written from the definition. Blocks equal
series, and bar after bar equals all at once, bit for bit. Where tools disagree on a definition, the text says which one
is used.

## About the pictures

Pictures show what the defaults give on recorded one-hour candles. What is a price is drawn over the price, conditions are dots
on the close, patterns arrows: from below where the value is positive, from above where it is negative.

"""


def page() -> str:
    """The page as Markdown."""
    documents = [document(entry) for entry in catalog.ENTRIES.values()]
    groups = [(group, meaning, [one for one in documents if one["group"] == group]) for group, meaning in GROUPS]
    parts = [HEAD.format(count=len(documents), talib=sum(one["talib"] is not None for one in documents))]
    parts += ["## Contents\n\n| group | indicators |\n| --- | --- |\n"]
    parts += [f"| {group}: {meaning} | {' '.join(map(_link, members))} |\n" for group, meaning, members in groups]
    parts += [f"\n## Other names\n\n| name | is |\n| --- | --- |\n{_other_names()}"]
    for group, meaning, members in groups:
        parts += [f"\n## Group {group}: {meaning}\n", *map(_section, members)]
    return "".join(parts)


def _link(one: Mapping[str, Any]) -> str:
    return f"[{one['name']}](#{one['name']})"


def _other_names() -> str:
    return "".join(f"| `{alias}` | [{name}](#{name}) |\n" for alias, name in sorted(catalog.ALIASES.items()))


def _section(one: Mapping[str, Any]) -> str:
    entry = catalog.ENTRIES[one["name"]]
    lines = [f"\n### {one['name']}", "", f"`{one['call']}`", "", f"**{one['summary']}.** {sentence(_plain(one['about']))}", ""]
    lines += [f"- `{name}`: {_plain(described(parameter))}" for name, parameter in entry.parameters.items()]
    outputs = ", ".join(f"`{name}`" for name in one["outputs"])
    lines += [f"- Gives {outputs}: {one['output_type']}; look-back {one['lookback']}"]
    lines += [f"- New bars: {one['extension']}"]
    lines += [f"- Also called {', '.join(f'`{alias}`' for alias in one['aliases'])}"] * bool(one["aliases"])
    lines += [f"- TA-Lib: `{one['talib']}`"] * bool(one["talib"])
    lines += [f"- Source: {_plain(one['source'])}", "", f"![{one['name']} on recorded candles](indicators/{one['name']}.svg)", ""]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Without what Markdown would take for a tag or for emphasis, outside of code."""
    parts = text.split("`")
    parts[::2] = [part.replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_") for part in parts[::2]]
    return "`".join(parts)


if __name__ == "__main__":
    click.echo(page(), nl=False)
