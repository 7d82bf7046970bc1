"""Kernels are compiled without bounds checks; here the same source runs as Python, where a wrong index is an error."""

import os
import subprocess
import sys

from tests.data import ROOT

# Inputs are read-only, and outputs hold a value that must not survive.
CODE = """
import importlib, itertools
import numpy as np
import indicators
from indicators.entry import DTYPES
from tests.unit.indicators.cases import WAITING

# A choice computes both of its sides, and compiled code divides by nothing in silence.
np.seterr(divide="ignore", invalid="ignore")
HOLD = {"value": -12345.678, "condition": True, "count": -12345}
SMALL = {"period": (1, 2, 3, 7), "fastperiod": (2, 4), "slowperiod": (2, 5), "signalperiod": (1, 3), "nbdevup": (2.0,),
         "nbdevdn": (2.0,), "matype": tuple(range(14)), "fastk_period": (1, 3), "slowk_period": (1, 2), "slowk_matype": (0, 2),
         "slowd_period": (1, 3), "slowd_matype": (1,), "percentile": (0.0, 50.0, 100.0), "nbdev": (2.0,),
         "vfactor": (0.7,), "minperiod": (1, 2), "maxperiod": (1, 5), "atrperiod": (1, 4), "multiplier": (3.0,),
         "acceleration": (0.02,), "maximum": (0.2,), "startvalue": (0.0, -100.0), "offsetonreverse": (0.1,),
         **dict.fromkeys(("accelerationinitlong", "accelerationlong", "accelerationinitshort", "accelerationshort"), (0.02,)),
         "accelerationmaxlong": (0.2,), "accelerationmaxshort": (0.2,),
         "fastlimit": (0.5,), "slowlimit": (0.05,),
         "penetration": (0.0, 0.5),
         "rocperiod": (1, 3), "stddevperiod": (2, 5), "session_minutes": (1, 1440),
         "conversion_period": (1, 3), "base_period": (1, 4), "span_period": (2, 5), "displacement": (0, 3),
         "percent": (2.5,), "nbrange": (1.5,), "streak_period": (2, 3), "rank_period": (2, 9), "bins": (2, 5),
         "fastmatype": (1, 2), "slowmatype": (0,), "signalmatype": (2,), "fastd_period": (1, 3),
         "fastd_matype": (0, 1), "firstperiod": (2, 4), "secondperiod": (2, 3), "period1": (1, 4), "period2": (2,),
         "period3": (1, 7),
         "leftbars": (1, 3), "rightbars": (1, 2), "wmaperiod": (1, 3), "roc1period": (1, 4), "roc2period": (2,)}
random = np.random.default_rng(7)
calls = 0
for entry in indicators.catalog.ENTRIES.values():
    choices = [[v for v in SMALL[name] if p.low <= v <= p.high] for name, p in entry.parameters.items()]
    assert type(getattr(importlib.import_module(f"indicators.kernels.{entry.module}"), f"{entry.name}_nb")).__name__ == "function"
    for rows, parameters in itertools.product((0, 1, 2, 3, 6, 15, 70), itertools.product(*choices)):
        # Arcs exist for -1 to 1 only.
        unit = 0.009 if entry.name in ("acos", "asin") else 1.0
        inputs = [(100 + random.integers(-3, 4, (rows, 3))) * unit for _ in entry.inputs]
        for values in inputs:
            values.flags.writeable = False
        earlier = tuple(np.full((rows, 3), HOLD[entry.kind], DTYPES[entry.kind]) for _ in entry.outputs)
        named = dict(zip(entry.parameters, parameters))
        outs = entry.compute(*inputs, out=earlier, **named)
        leading = min(entry.lookback(**named), rows)
        for out, given in zip(outs, earlier):
            where = entry.name, rows, parameters
            assert out is given
            if entry.kind == "value":
                assert not (out == HOLD["value"]).any(), where
                assert np.isnan(out[:leading]).all(), where
                assert entry.name in WAITING or not np.isnan(out[leading:]).any(), where
            elif entry.kind == "count":
                assert not (out == HOLD["count"]).any(), where
        calls += 1
print(calls)
"""


def test_no_kernel_leaves_its_arrays_and_every_element_is_written():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 450
