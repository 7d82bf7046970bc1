"""What compiling leaves out of numba's own pipeline is really left out, and changes no result."""

from typing import Any

import numba
import numpy as np
import pytest

from indicators.kernels import overlap, pipeline
from indicators.kernels.compiling import OPTIONS, driven, helper
from indicators.kernels.rows import DISABLED

pytestmark = pytest.mark.skipif(DISABLED, reason="nothing is compiled")


@helper
def _half(value: float) -> float:
    return value / 2.0


@helper
def _quarter(value: float) -> float:
    return _half(_half(value))


@pytest.fixture
def compiled():
    @numba.njit(**OPTIONS)
    def quarters(values: Any, result: Any) -> None:
        for lane in range(len(values)):
            result[lane] = _quarter(values[lane]) + _half(0.0)

    lanes = numba.float64[::1]
    quarters.compile((lanes, lanes))
    return quarters


def test_helpers_are_linked_and_never_made_machine_code(compiled):
    # Given a compiled function that calls helpers, one of them twice over
    (overload,) = compiled.overloads.values()
    engine = overload.library.codegen._engine
    # Then its own code is known to the engine, that of the helpers is not
    assert type(overload.library) is pipeline.Library
    assert engine.is_symbol_defined(overload.fndesc.llvm_cpython_wrapper_name)
    for one in (_half, _quarter):
        (compiled_helper,) = one.overloads.values()
        assert type(compiled_helper.library) is pipeline.HelperLibrary
        assert not engine.is_symbol_defined(compiled_helper.fndesc.llvm_func_name)
    # and it computes what it should
    values, result = np.arange(12.0), np.zeros(12)
    compiled(values, result)
    assert np.array_equal(result, values / 4.0)


@pytest.mark.usefixtures("compiled")
def test_an_operator_is_looked_up_once():
    found = [arguments for context in pipeline._contexts.values() for _, arguments in context.found]
    assert (numba.float64, numba.float64) in found


def test_results_are_those_of_numbas_own_pipeline():
    # Given the loop around a kernel, compiled by numba alone
    own = {name: value for name, value in OPTIONS.items() if name != "pipeline_class"}
    step = numba.njit(**own)(overlap.sma_nb.py_func)

    @numba.njit(**own)
    def run(ins, outs, params, state, spans):
        for row in range(spans[0, 3], spans[0, 4]):
            step(ins, outs, params, state, row, row, spans[0, 0], spans[0, 1])

    block, spans = np.random.default_rng(7).normal(size=(50, 6)), np.array([[0, 6, 0, 0, 50]])
    expected, result = np.full_like(block, np.nan), np.full_like(block, np.nan)
    run((block,), (expected,), (5,), np.zeros((1, 6)), spans)
    # When ours computes the same, then not a bit is different
    driven(overlap.sma_nb, 1, ("float64",), ("int",))((block,), (result,), (5,), np.zeros((1, 6)), spans)
    assert result.tobytes() == expected.tobytes()
