"""`engine doctor`: checks this machine, the settings, and what an engine would need."""

from typing import Any

import click

from cli import options, render
from engine.base import exitcodes
from engine.base.errors import SettingsError
from engine.base.settings import Settings

EPILOG = """
\b
Examples:
  engine doctor
  engine doctor --exchange binance --db postgresql://…
  engine doctor --json | jq '.findings[] | select(.state != "ok")'
"""

ADVICE = "see docs/settings.md; the other checks used the defaults"
COLORS = {"ok": "green", "warning": "yellow", "problem": "red"}


@click.command(epilog=EPILOG)
@click.option(
    "--exchange",
    type=click.Choice(["sim", "binance"]),
    envvar="ENGINE_EXCHANGE",
    show_envvar=True,
    help="Which exchange is meant to be used.",
)
@options.home
@options.database
@options.as_json
def doctor(as_json: bool, **given: Any) -> int:
    """Check machine, settings, database, exchange and sandbox, and say what to do about each finding.

    Exit code 1 when there is a problem; warnings are no problem.
    """
    from cli.findings import Finding, findings

    found: list[Finding] = []

    def tell(finding: Finding) -> None:
        found.append(finding)
        if not as_json:
            click.echo(f"{click.style(f'{finding.state:<8}', COLORS[finding.state])} {finding.name:<14} {finding.found}")
            if finding.advice:
                click.echo(f"{'':<8} {'':<14} → {finding.advice}")

    settings, problem = _settings(given)
    tell(Finding("settings", "problem" if problem else "ok", problem or "all are within their bounds", ADVICE if problem else ""))
    for finding in findings(settings):
        tell(finding)
    healthy = all(finding.state != "problem" for finding in found)
    if as_json:
        render.json_document({"ok": healthy, "findings": [finding._asdict() for finding in found]})
    return exitcodes.OK if healthy else exitcodes.FAILED


def _settings(given: dict[str, Any]) -> tuple[Settings, str]:
    """The settings, or the defaults and what is wrong with them."""
    try:
        return options.load(**given), ""
    except SettingsError as error:
        home = given.get("home")
        return Settings(home=home) if home else Settings(), str(error)
