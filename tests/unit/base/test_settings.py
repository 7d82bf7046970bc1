"""Settings: precedence, older names, refusals that name variable, value and remedy, and secrets that stay secret."""

import pytest

from engine.base import settings
from engine.base.errors import SettingsError


def test_the_command_line_wins_over_the_environment_and_that_over_older_names():
    environ = {"USER_ID": "old", "ENGINE_USER": "new", "ENGINE_WORKERS": "2", "ENGINE_SYMBOLS": "50"}
    found = settings.load({"workers": "3", "symbols": None}, environ)
    assert (found.user, found.workers, found.symbols) == ("new", "3", "50")


def test_names_of_existing_deployments_are_read_in_their_own_units():
    environ = {
        "DATABASE_URL": "postgresql://db",
        "LOG_LEVEL": "WARN",
        "KLINE_INTERVAL": "15m",
        "HISTORICAL_FETCH_TIMEOUT": "30000",
        "ENABLE_HISTORICAL_FETCH": "false",
        "SCREENING_INTERVAL_MS": "60000",
    }
    found = settings.load({}, environ)
    assert found.database_url == "postgresql://db"
    assert (found.log_level, found.default_interval, found.rest_timeout_s) == ("warning", "15m", 30.0)
    assert (found.enable_historical_fetch, found.screening_interval_ms) == (False, 60_000)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"ENGINE_WORKRES": "2"}, "did you mean ENGINE_WORKERS?"),
        ({"ENGINE_MAX_WORKERS": "65"}, "ENGINE_MAX_WORKERS is refused: '65'"),
        ({"ENGINE_HISTORY_BARS": "many"}, "expected `int`"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
        ({"ENGINE_EXCHANGE": "kraken"}, "'kraken'"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_with_its_value(environ, words):
    with pytest.raises(SettingsError, match="setting") as refused:
        settings.load({}, environ)
    assert words in str(refused.value)


def test_a_secret_appears_neither_in_the_text_of_the_settings_nor_in_a_refusal():
    found = settings.load({}, {"DATABASE_URL": "postgresql://u:hush@h/d", "ENGINE_API_TOKEN": "hush-hush"})
    assert "hush" not in repr(found)


def test_settings_that_nothing_looks_at_are_told():
    found = settings.load({}, {"USE_COLLECTOR": "true", "REDIS_URL": "redis://x"})
    assert settings.without_effect(found) == ["redis_url", "use_collector"]
    assert settings.without_effect(settings.load({}, {})) == []


def test_every_setting_has_a_meaning_and_a_variable():
    for row in settings.describe():
        assert row["variable"] == f"ENGINE_{row['name'].upper()}"
        assert row["meaning"]
