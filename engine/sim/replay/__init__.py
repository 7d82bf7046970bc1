"""A recording of the exchange played back by the simulator: the same frames, in the same order and spacing, at any speed.

source      files to records                    timing      the exchange's time at each record
knowledge   what a recording tells as a whole   market      its candles, as of an instant
publisher   frames to who subscribed            play        all of it put together, for the server
"""
