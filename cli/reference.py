"""The reference page of settings, made from their declarations: `python -m cli.reference > docs/settings.md`."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from engine.base import settings

HEAD = """\
# Settings

Every setting of the engine, its variable, its default. Weakest is the default, then the environment, then the command line.
An `ENGINE_…` variable that is not listed here is an error, so that typing mistakes cannot be ignored. The older names are read as
well; `ENGINE_…` wins where both are set. Values of settings marked *secret* never appear in a log.

This page is made by `make docs`.

| variable | default | type and bounds | meaning |
| --- | --- | --- | --- |
"""

COMMANDS_HEAD = """
## Options of single commands

Each option of a command has a variable too. Those that are no settings of the engine:

| variable | option | meaning |
| --- | --- | --- |
"""


def page() -> str:
    """The page as Markdown."""
    rows = "".join(f"{_row(record)}\n" for record in settings.describe())
    options = "".join(f"| `{variable}` | {commands} | {text} |\n" for variable, (commands, text) in sorted(_options().items()))
    return HEAD + rows + COMMANDS_HEAD + options


def _row(record: Mapping[str, Any]) -> str:
    variable = f"`{record['variable']}`" + (f", `{record['older']}`" if record["older"] else "")
    default = f"`{record['default']}`" if record["default"] not in ("", None) else ""
    kind = " ".join(part for part in (record["type"].replace("|", " or "), record["bounds"]) if part)
    secret = "; *secret*" if record["name"] in settings.SECRETS else ""
    return f"| {variable} | {default} | {kind} | {record['meaning']}{secret} |"


def _options() -> dict[str, tuple[str, str]]:
    """Variable → (where it is an option, what it does) of those that are no settings."""
    found: dict[str, tuple[str, str]] = {}
    for path, command in commands():
        for option in command.params:
            variable = variable_of(option)
            if variable not in settings.COMMAND_VARIABLES or not isinstance(option, click.Option):
                continue
            if variable in ("ENGINE_JSON", "ENGINE_DEBUG"):
                path = "engine" if variable == "ENGINE_DEBUG" else "every command that prints data"
            found[variable] = f"{path}: `{option.opts[0]}`", (option.help or "").split("  [")[0]
    return found


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its words, groups included."""
    from cli.__main__ import engine

    def below(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        yield words, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                yield from below(f"{words} {name}", found)

    yield from below("engine", engine)


def variable_of(option: click.Parameter) -> str:
    """The product's own variable of an option, or an empty text."""
    names = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
    return next((name for name in names if name.startswith("ENGINE_")), "")


if __name__ == "__main__":
    click.echo(page(), nl=False)
