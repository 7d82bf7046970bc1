"""A compiled reader of the one message that makes up nearly all traffic: the forming bar of a live series.

It takes a frame's bytes, and when they are such a bar in the form in which the exchange writes it, checks and writes it into
the candles; anything else it declines, untouched, and the ordinary way in `engine.feeds` decides. So it is never the only
judge of a frame, and everything works without it.

`frame`, `decimals`, `primitives` are compiled by numba, in a process that does nothing else (`python -m engine.scanner FILE`):
`emit` makes of them one piece of machine code without any reference to its surroundings. Whoever reads frames loads that file
(`image`) and gives it tables to work on (`record`); neither needs a compiler. Nothing here knows the rest of the product.
"""
