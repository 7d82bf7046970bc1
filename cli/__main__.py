"""`engine`: finds the command, and turns whatever goes wrong into one line and an exit code."""

import importlib
import os
import sys
from collections.abc import Sequence

import click

from engine.base import exitcodes
from engine.base.errors import EngineError

#: Command → what it does, in the order of `engine --help`; the module of the same name holds it.
COMMANDS = {
    "run": "Run the engine for one user until Ctrl-C.",
    "trader": "Manage, check and try filters.",
    "indicators": "Show what filters may call.",
    "signals": "Show signals that were found.",
    "status": "Show the state of the running engine.",
    "resize": "Ask the running engine for another number of workers.",
    "sim": "Run a simulated exchange.",
    "bench": "Measure this machine.",
    "db": "Look after the database.",
    "doctor": "Check this machine and say what to do about each finding.",
}

EPILOG = """
\b
Examples:
  engine run --user demo                     a simulated market, example traders
  engine trader new bounce                   a template to fill in
  engine signals --user alice --follow       signals as they come
"""


class Commands(click.Group):
    """Loads a command's module when it is called, so that help is quick."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, epilog=EPILOG)
@click.option("--debug", is_flag=True, envvar="ENGINE_DEBUG", show_envvar=True, help="Show a traceback when something fails.")
@click.version_option(package_name="engine", prog_name="engine")
def engine(debug: bool) -> None:
    """Execution core for people who trade crypto by rules.

    Watches symbols, asks each of your filters about each symbol when a bar closes, and stores first matches as signals.
    Exit codes: 0 done, 1 it failed, 2 wrong usage, 3 settings or trader refused, 4 exchange unreachable,
    5 database unreachable, 130 interrupted.
    """
    # Whoever handles the error at the very end reads it from there, whatever was being done.
    os.environ["ENGINE_DEBUG"] = "1" if debug else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    try:
        result = engine.main(args=arguments, prog_name="engine", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        # A group without a command: its help says more than any error.
        click.echo(error.format_message(), err=True)
        return exitcodes.USAGE
    except click.UsageError as error:
        return _fail(f"{error.format_message()} Try '{_command_path(error)} --help'.", exitcodes.USAGE)
    except click.ClickException as error:
        return _fail(error.format_message(), exitcodes.FAILED)
    except (click.Abort, KeyboardInterrupt):
        return exitcodes.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exitcodes.OK
    except EngineError as error:
        return _fail(str(error), error.exit_code)
    except Exception as error:
        return _fail(f"{type(error).__name__}: {error}: run again with --debug to see where", exitcodes.FAILED)
    return result if isinstance(result, int) else exitcodes.OK


def _command_path(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx is not None else "engine"


def _fail(text: str, code: int) -> int:
    """One line on stderr, and with --debug where it came from."""
    if os.environ.get("ENGINE_DEBUG"):
        import traceback

        traceback.print_exc()
    click.echo("error: " + " ".join(text.split()), err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
