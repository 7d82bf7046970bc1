"""`engine trader check`, `test` and `new`: what is done with files of traders before they get into a database."""

import asyncio
from pathlib import Path

import click

from cli import options, render
from cli.display import Display
from cli.inspection import accepted, inspect
from engine.base import exitcodes
from engine.base.errors import UsageError

EXISTING = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command(epilog=options.example("engine trader check bounce.py\nengine trader check --json *.py"))
@click.argument("files", nargs=-1, required=True, type=EXISTING)
@options.as_json
def check(files: tuple[Path, ...], as_json: bool) -> int:
    """Say whether filters are allowed, and if not, where and why; exit code 3 if any is refused.

    It is the verdict of a worker. Of an accepted filter it tells the intervals and indicators it uses, the longest look-back
    among them, and whether an engine keeps as many bars as that (ENGINE_HISTORY_BARS).
    """
    history_bars = options.load().history_bars
    verdicts = [inspect(path, history_bars) for path in files]
    for verdict in verdicts:
        if as_json:
            render.json_line(verdict.document())
            continue
        click.echo(verdict.line())
        for warning in verdict.warnings:
            click.echo(f"{verdict.path}: warning: {warning}")
    return exitcodes.REFUSED if any(verdict.refusal for verdict in verdicts) else exitcodes.OK


@click.command(
    epilog=options.example(
        "engine trader test bounce.py\n"
        "engine trader test bounce.py --data spot-5m.parquet --closes 500 --symbols 50\n"
        "engine trader test bounce.py --picture bounce.svg"
    )
)
@click.argument("file", type=EXISTING)
@options.data
@options.seed
@options.closes
@options.symbols
@options.picture
@options.allow_unsandboxed
@options.as_json
def test(
    file: Path, data: str, seed: int, closes: int, symbols: int, picture: Path | None, as_json: bool, **given: object
) -> None:
    """Run a filter over past bars, in workers as an engine has them, and show what it finds; no database, no exchange.

    Tells matches, CPU time per symbol, and what its author should know: that it never or always matches, needs more history
    than there is, fails (with the line), or comes near the limit of CPU time.
    """
    from cli import trial
    from cli.trial_picture import picture_of
    from cli.trial_report import Wish, line_of

    settings = options.load(**given)
    display = Display(as_json=as_json)
    found = asyncio.run(
        trial.run(accepted(file, settings.history_bars), Wish(closes, symbols, data, seed), display.progress, settings)
    )
    if picture is not None:
        _write(picture, picture_of(found, file.stem), force=True)
    if as_json:
        render.json_document({"file": str(file)} | found.document())
        return
    for signal in found.signals:
        click.echo(line_of(signal))
    for line in found.summary():
        click.echo(line, err=True)


@click.command(
    epilog=options.example("engine trader new bounce\nengine trader new screens/flip --example supertrend_flip"),
)
@click.argument("name")
@options.example_name
@options.force
def new(name: str, example: str | None, force: bool) -> None:
    """Write a commented template to NAME.py, or one of the example traders to begin with."""
    from cli.examples import examples
    from cli.template import TEMPLATE

    text = TEMPLATE
    if example is not None:
        there = examples()
        if example not in there:
            raise UsageError("no such example", example, f"there are {' '.join(there)}")
        text = there[example]
    path = Path(name.removesuffix(".py") + ".py")
    _write(path, text, force=force)
    click.echo(path)


def _write(path: Path, text: str, *, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError("file exists", path, "choose another name, or overwrite it with --force") from error
    except OSError as error:
        raise UsageError("file cannot be written", f"{path} ({error.strerror})", "choose another place") from error
