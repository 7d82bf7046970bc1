"""Functions of one value, bar by bar: no window, no lead-in."""

from indicators.entry import Entry


def _transform(name: str, summary: str, about: str, source: str) -> Entry:
    return Entry(
        name=name,
        group="math",
        summary=summary,
        about=about,
        source=f"{source}; TA-Lib {name.upper()}",
        inputs=("real",),
        outputs=(name,),
        leading=lambda: 0,
        module="transforms",
        talib=name.upper(),
    )


C99 = "ISO/IEC 9899, Programming languages - C (1999), mathematics"

ENTRIES: tuple[Entry, ...] = (
    _transform("acos", "Arc cosine", "Angle in radians, 0 to pi, whose cosine the value is; NaN outside -1 to 1", C99),
    _transform("asin", "Arc sine", "Angle in radians, -pi/2 to pi/2, whose sine the value is; NaN outside -1 to 1", C99),
    _transform("atan", "Arc tangent", "Angle in radians, -pi/2 to pi/2, whose tangent the value is", C99),
    _transform("ceil", "Next whole number", "The smallest whole number that is not below the value", C99),
    _transform("cos", "Cosine", "Cosine of an angle in radians", C99),
    _transform("cosh", "Hyperbolic cosine", "Half of exp(x) + exp(-x); infinite from about 710 on", C99),
    _transform("exp", "Exponential", "e to the power of the value; infinite from about 710 on", C99),
    _transform("floor", "Whole number below", "The largest whole number that is not above the value", C99),
    _transform("ln", "Natural logarithm", "Logarithm to base e; minus infinity for 0 and NaN below", C99),
    _transform("log10", "Decimal logarithm", "Logarithm to base 10; minus infinity for 0 and NaN below", C99),
    _transform("sin", "Sine", "Sine of an angle in radians", C99),
    _transform("sinh", "Hyperbolic sine", "Half of exp(x) - exp(-x); infinite from about 710 on", C99),
    _transform("sqrt", "Square root", "The number whose square is the value; NaN below 0", C99),
    _transform("tan", "Tangent", "Tangent of an angle in radians", C99),
    _transform("tanh", "Hyperbolic tangent", "sinh(x) / cosh(x), between -1 and 1", C99),
)
