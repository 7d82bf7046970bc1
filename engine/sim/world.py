"""What all parts of one simulator share: the market as it stands, its time, what may be seen of it, faults and counts."""

import time
from collections.abc import Callable

from engine.sim.altered import Altered
from engine.sim.audit import Audit
from engine.sim.clock import SimulatedClock
from engine.sim.faults import Faults
from engine.sim.limits import Limits
from engine.sim.market import Market
from engine.sim.revisions import Revisions
from engine.sim.rolling import Rolling
from engine.sim.tape import Tape


class World:
    """One simulated exchange without its doors; `tape` makes what looks at its market."""

    def __init__(
        self,
        market: Market,
        clock: SimulatedClock,
        *,
        limits: Limits | None = None,
        fault_seed: int = 1,
        tape: Callable[[Market, Revisions], Tape] = Tape,
    ) -> None:
        self._new_tape = tape
        self.market = Altered(market)
        self.clock = clock
        self.limits = limits or Limits()
        self.faults = Faults(fault_seed)
        self.audit = Audit()
        self.revisions = Revisions()
        self.tape = self.present()
        self.rolling = Rolling(self.tape, self.market.volumes)

    def present(self) -> Tape:
        """The market to be looked at from any instant; on the one tape time must not run backwards."""
        return self._new_tape(self.market, self.revisions)

    def shown_ms(self, time_ms: int | None = None) -> int:
        """How the exchange tells an instant, by default the present one: a fault may have its clock wrong."""
        if time_ms is None:
            time_ms = self.clock.now_ms()
        return time_ms + self.faults.skew_ms(time.monotonic()) if self.faults.has("clock") else time_ms
