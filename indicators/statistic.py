"""Statistics of a window: spread, ranks, the straight line that fits it, and how two series go together."""

from indicators import checks
from indicators.checks import Parameter
from indicators.entry import Entry

RANKED_MAX = 10_000
LEAST_SQUARES = "A. M. Legendre, Sur la méthode des moindres quarrés (1805)"


def _ranked(default: int) -> Parameter:
    """A window in which values are ranked; TA-Lib's range."""
    return Parameter(int, default, 2, RANKED_MAX, f"an integer from 2 to {RANKED_MAX}")


def _line(name: str, summary: str, about: str) -> Entry:
    return Entry(
        name=name,
        group="statistic",
        summary=summary,
        about=f"{about}; the line is fitted to the last period values by least squares",
        source=f"{LEAST_SQUARES}; TA-Lib {name.upper()}",
        inputs=("real",),
        outputs=(name,),
        parameters={"period": checks.period(14)},
        leading=lambda period: period - 1,
        module="regression",
        state=3,
        talib=name.upper(),
    )


LINEARREG = _line("linearreg", "Linear regression", "Where the line that fits the window best stands at the newest bar")
LINEARREG_ANGLE = _line(
    "linearreg_angle",
    "Angle of the linear regression",
    "Arc tangent of the slope in degrees; it depends on the unit of the price, as an angle on a chart does on its scales",
)
LINEARREG_INTERCEPT = _line(
    "linearreg_intercept",
    "Beginning of the linear regression",
    "Where the line that fits the window best stands at its oldest bar",
)
LINEARREG_SLOPE = _line("linearreg_slope", "Slope of the linear regression", "Rise of the line from one bar to the next")
TSF = _line("tsf", "Time series forecast", "Where the line that fits the window best will stand one bar after the newest")

STDDEV = Entry(
    name="stddev",
    group="statistic",
    summary="Standard deviation",
    about=(
        "Square root of the mean squared distance from the window's mean, times nbdev; divided by the number of values (ddof "
        "0, as bands on charts), not by one less, as a sample's estimate would be"
    ),
    source="K. Pearson, On the dissection of asymmetrical frequency curves (1894); TA-Lib STDDEV",
    inputs=("real",),
    outputs=("stddev",),
    parameters={"period": checks.period(5), "nbdev": checks.factor(1.0)},
    leading=lambda period, **_: period - 1,
    module="statistic",
    state=5,
    talib="STDDEV",
)

VAR = Entry(
    name="var",
    group="statistic",
    summary="Variance",
    about=(
        "Mean squared distance from the window's mean (ddof 0); nbdev is there because TA-Lib has it, and like there changes "
        "nothing"
    ),
    source="R. A. Fisher, The correlation between relatives (1918); TA-Lib VAR",
    inputs=("real",),
    outputs=("var",),
    parameters={"period": checks.period(5, low=1), "nbdev": checks.factor(1.0)},
    leading=lambda period, **_: period - 1,
    module="statistic",
    state=5,
    talib="VAR",
)

PERCENTILE = Entry(
    name="percentile",
    group="statistic",
    summary="Percentile of the window",
    about=(
        "The smallest value of the window that at least percentile per cent of its values do not exceed (nearest rank): "
        "always one of the values, nothing between two of them as spreadsheets give. The time needed grows with the period"
    ),
    source="R. J. Hyndman and Y. Fan, Sample quantiles in statistical packages (1996), definition 1; TA-Lib PERCENTILE",
    inputs=("real",),
    outputs=("percentile",),
    parameters={
        "period": _ranked(30),
        "percentile": Parameter(float, 50.0, 0.0, 100.0, "a number from 0 to 100"),
    },
    leading=lambda period, **_: period - 1,
    module="statistic",
    state=lambda period, **_: period + 2,
    talib="PERCENTILE",
)

PERCENTRANK = Entry(
    name="percentrank",
    group="statistic",
    summary="Percent rank",
    about=(
        "Per cent of the period values before this bar that are below it, 0 to 100; equal ones do not count. The time needed "
        "grows with the period"
    ),
    source="count of smaller values; TA-Lib PERCENTRANK",
    inputs=("real",),
    outputs=("percentrank",),
    parameters={"period": _ranked(100)},
    leading=lambda period: period,
    module="statistic",
    talib="PERCENTRANK",
)

BETA = Entry(
    name="beta",
    group="statistic",
    summary="Beta",
    about=(
        "Slope of the bar to bar changes (in shares of the price) of real1 over those of real0: how many per cent real1 moves "
        "when real0 moves by one. The series may be of two symbols, real0 the market; 0 where real0 does not vary"
    ),
    source="W. F. Sharpe, A simplified model for portfolio analysis (1963); TA-Lib BETA",
    inputs=("real0", "real1"),
    outputs=("beta",),
    parameters={"period": checks.period(5, low=1)},
    leading=lambda period: period,
    module="relations",
    state=10,
    talib="BETA",
)

CORREL = Entry(
    name="correl",
    group="statistic",
    summary="Correlation",
    about=(
        "Pearson's correlation of the values of two series in the window, -1 to 1; the second may be another symbol. Prices "
        "are correlated as they are, not their changes. 0 where one of them does not vary"
    ),
    source="K. Pearson, Notes on regression and inheritance (1895); TA-Lib CORREL",
    inputs=("real0", "real1"),
    outputs=("correl",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period: period - 1,
    module="relations",
    state=10,
    talib="CORREL",
)

ENTRIES: tuple[Entry, ...] = (
    BETA,
    CORREL,
    LINEARREG,
    LINEARREG_ANGLE,
    LINEARREG_INTERCEPT,
    LINEARREG_SLOPE,
    PERCENTILE,
    PERCENTRANK,
    STDDEV,
    TSF,
    VAR,
)
