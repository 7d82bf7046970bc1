"""The exchange's symbols as one engine sees them: asked for at the start, and again whenever somebody wants to know.

What the replies mean is decided in `listing` and `universe`; when to ask again, by whoever watches over an engine.
"""

from engine.base.clock import ExchangeClock
from engine.base.errors import ExchangeRefused
from engine.base.settings import Settings
from engine.binance.messages import SymbolInfo
from engine.binance.rest import RestClient
from engine.feeds import universe
from engine.feeds.listing import Listing


class Market:
    """Symbols and their ranking; every method but the constructor raises the errors of RestClient."""

    def __init__(self, settings: Settings, rest: RestClient, clock: ExchangeClock) -> None:
        self._settings = settings
        self._rest = rest
        self._clock = clock
        self._symbols: list[SymbolInfo] = []
        self._is_fresh = False
        self.listing = Listing()
        #: The universe, most traded first.
        self.ranked: list[str] = []

    async def read(self) -> None:
        """Ask which symbols there are and which of them trade (weight 20); `listing` knows them afterwards."""
        info = await self._rest.exchange_info()
        self._symbols, self._is_fresh = info.symbols, True
        self.listing.take(info.symbols, self._clock.now_ms())

    async def choose(self) -> list[str]:
        """The universe that the settings ask for, most traded first; raises SettingsError naming an unknown symbol."""
        ranked = await self._rank()
        self.ranked = universe.choose(self._settings.symbols, ranked, self._symbols, self._settings.max_symbols)
        return self.ranked

    async def rank_again(self) -> list[str]:
        """The universe by the volumes of now (weight 100), changed no more than it must be."""
        ranked = await self._rank()
        again = universe.choose_again(self._settings.symbols, ranked, self.ranked, self._settings.max_symbols)
        # An exchange where nothing trades is one in maintenance, or a reply that is not to be believed.
        self.ranked = again or self.ranked
        return self.ranked

    async def _rank(self) -> list[str]:
        if not self._is_fresh:
            await self.read()
        self._is_fresh = False
        quote_asset = self._settings.quote_asset
        # A small exchange tells the volumes of its candidates at half the weight of all.
        candidates = universe.rank(self._symbols, (), quote_asset)
        try:
            tickers = await self._rest.ticker_24hr(candidates)
        except ExchangeRefused:
            # One of them went since the list was read, and with it the whole question.
            tickers = await self._rest.ticker_24hr()
        return universe.rank(self._symbols, tickers, quote_asset)
