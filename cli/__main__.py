"""`engine`: temporary entry."""

import importlib, sys
import click
from engine.base.errors import EngineError


class G(click.Group):
    def list_commands(self, ctx):
        return ["run", "sim"]

    def get_command(self, ctx, name):
        return getattr(importlib.import_module(f"cli.{name}"), name)


@click.command(cls=G)
def main():
    pass


if __name__ == "__main__":
    try:
        main()
    except EngineError as e:
        print("error:", e, file=sys.stderr)
        sys.exit(e.exit_code)
