"""The arithmetic of the indicators, compiled by numba; importing a module of this folder imports numba.

Every indicator has two kernels with one and the same arithmetic: `<name>_series_nb` walks one series, state in
registers; `<name>_block_nb` walks a block bar by bar with the symbols in the inner loop, so that the compiler makes
them SIMD lanes. Both take `inputs…, outputs…, parameters…`, write every element of the outputs, keep to the order of
operations they share (equal inputs give equal bits), are causal, allocate a few rows of state at most beside what is
said, and raise nothing. Arguments are checked before, in `indicators.entry`; a NaN lead-in is cut off before, too, so
row 0 is the first bar with a value.
"""
