"""The words a filter may use, hand-picked: builtins, numpy, math, fields and methods; and what to write instead of others.

Names only, no objects: `workers.policy` checks a filter's tree against them, `workers.namespaces` makes what a filter
gets from them. Left out of numpy on purpose: whatever reads files, makes uninitialised memory (`empty`), reaches ctypes
or views memory under another type, keeps global settings, or answers differently each time (`random`).
"""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: What `klines["5m"]` holds, in the order of the exchange; `open_time` is int64, the others float64.
BAR_FIELDS: Final = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "trades",
    "taker_buy_volume",
    "taker_buy_quote_volume",
)
BAR_ATTRIBUTES: Final = frozenset({*BAR_FIELDS, "closed", "forming"})
TICKER_ATTRIBUTES: Final = _words("symbol last change_percent high low volume quote_volume time")

EXCEPTIONS: Final = _words(
    """
    ArithmeticError AssertionError AttributeError Exception FloatingPointError IndexError KeyError LookupError NameError
    OverflowError RuntimeError StopIteration TypeError ValueError ZeroDivisionError
    """
)

BUILTINS: Final = EXCEPTIONS | _words(
    """
    abs all any bool dict divmod enumerate filter float frozenset int isinstance iter len list map max min next ord chr pow
    range repr reversed round set slice sorted str sum tuple zip
    """
)

#: Modules a filter has without an import, by the name they go by.
MODULES: Final = {"np": "numpy", "math": "math"}

NUMPY: Final = _words(
    """
    abs absolute add all allclose amax amin any append arange arccos arcsin arctan arctan2 argmax argmin argpartition argsort
    argwhere around array array_equal asarray atleast_1d atleast_2d average bincount bool_ broadcast_to cbrt ceil clip
    column_stack concatenate convolve copysign corrcoef correlate cos cosh count_nonzero cov cross cumprod cumsum deg2rad
    degrees diff digitize divide dot dstack e ediff1d equal exp exp2 expand_dims expm1 extract eye fabs fix flatnonzero flip
    float32 float64 floor floor_divide fmax fmin fmod full full_like geomspace gradient greater greater_equal heaviside histogram
    hstack hypot identity inf inner insert int32 int64 int8 interp intersect1d isclose isfinite isin isinf isnan isneginf
    isposinf lexsort linspace log log10 log1p log2 logaddexp logical_and logical_not logical_or logical_xor logspace max maximum
    mean median meshgrid min minimum mod multiply nan nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax nanmean
    nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar negative newaxis nonzero not_equal ones ones_like
    outer partition percentile pi polyfit polyval positive power prod ptp quantile rad2deg radians ravel reciprocal remainder
    repeat reshape rint roll round searchsorted select setdiff1d sign signbit sin sinh size sort sqrt square squeeze stack std
    subtract sum swapaxes take tan tanh tile trace trapezoid tril triu true_divide trunc union1d unique unwrap vander var vdot
    vstack where zeros zeros_like
    """
)

MATH: Final = _words(
    """
    acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp exp2 expm1 fabs factorial
    floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp lgamma log log10 log1p log2 modf nan
    perm pi pow prod radians remainder sin sinh sqrt tan tanh tau trunc ulp
    """
)

#: Harmless methods and attributes of arrays, texts, lists, dicts, sets and numbers.
METHODS: Final = _words(
    """
    T all any argmax argmin argpartition argsort astype clip copy cumprod cumsum diagonal dot fill flatten imag item max mean min
    ndim nonzero partition prod ravel real repeat reshape round searchsorted shape size sort squeeze std sum swapaxes take tolist
    trace transpose var
    capitalize casefold center count endswith find index isalnum isalpha isdecimal isdigit islower isnumeric isspace istitle
    isupper join ljust lower lstrip removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines
    startswith strip swapcase title upper zfill
    append clear extend insert pop remove reverse
    fromkeys get items keys popitem setdefault update values
    add difference difference_update discard intersection intersection_update isdisjoint issubset issuperset symmetric_difference
    symmetric_difference_update union
    start stop step is_integer bit_length bit_count
    """
)

#: Keywords a call may name; `out`, `where`, `like`, `order`, `subok` and others reach memory or types that are not meant.
KEYWORDS: Final = _words(
    """
    a axis a_max a_min atol axes base bins conf copy ddof decreasing default deg density dtype edge_order end endpoint equal_nan
    fill_value initial invert keepdims key kind left maxsplit max method min mode n nan neginf num offset period posinf prepend
    append range repeats return_counts return_index return_inverse reverse right rtol side sep shift start step stop strict
    rel_tol abs_tol rowvar weights x y
    """
)

#: Types that `dtype=` and `astype` may name, as texts; names of builtins and of `np` beside them.
DTYPES: Final = _words("bool int float int8 int32 int64 float32 float64 bool_")

#: Functions of NumPy that take a type, and at which place.
TYPED: Final = {
    "array": 1,
    "asarray": 1,
    "zeros": 1,
    "ones": 1,
    "zeros_like": 1,
    "ones_like": 1,
    "identity": 1,
    "full": 2,
    "full_like": 2,
    "eye": 3,
    "arange": 3,
    "geomspace": 4,
    "linspace": 5,
    "logspace": 5,
}

_ANSWER = "return a dict of details, it is kept with the signal"
_NO_FILES = "a filter sees the market only: klines, ticker and ta"
_NO_DOORS = "a filter cannot look into objects; use their attributes directly"
_NO_CODE = "write the expression itself"

#: What to say to someone who uses a word that is not there.
ADVICE: Final = {
    "print": _ANSWER,
    "input": _NO_FILES,
    "open": _NO_FILES,
    "getattr": _NO_DOORS,
    "setattr": _NO_DOORS,
    "delattr": _NO_DOORS,
    "hasattr": _NO_DOORS,
    "vars": _NO_DOORS,
    "dir": _NO_DOORS,
    "globals": _NO_DOORS,
    "locals": _NO_DOORS,
    "type": "use isinstance(value, (int, float)) to ask for a type",
    "eval": _NO_CODE,
    "exec": _NO_CODE,
    "compile": _NO_CODE,
    "hash": "it differs from process to process; use the value itself",
    "id": "it differs from process to process; use the value itself",
    "format": 'write an f-string: f"{value:.2f}"',
    "BaseException": "catch Exception",
    "args": "str(error) has its text",
    "talib": "the indicators are in ta: ta.rsi(close, 14)",
    "pd": "use NumPy arrays: five.close[-20:].mean()",
    "pandas": "use NumPy arrays: five.close[-20:].mean()",
    "numpy": "it is there as np",
    "datetime": "times are ms since the epoch: ticker.time, five.open_time",
    "time": "times are ms since the epoch: ticker.time, five.open_time",
    "random": "the same bars must give the same answer",
}
