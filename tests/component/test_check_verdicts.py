"""`engine trader check` gives the verdict of a worker: the same files judged by both, in the command and behind the lockdown."""

from pathlib import Path

from cli.examples import examples
from cli.inspection import inspect, reason
from cli.reference_filters import source_of
from cli.reference_samples import ALLOWED, REFUSED
from cli.template import TEMPLATE
from engine.wire.messages import FilterLoaded, FilterRefusal
from tests.component.nursery import bench

#: What is odd about files as such, beside what the page of filters has.
ODD = (
    "",
    "\n\n# only a remark\n",
    "def check(ticker, klines, ta)\n    return True\n",
    "def check(ticker, klines, ta):\n\treturn True\n        return False\n",
    "def check(ticker, klines, ta):\n    break\n",
    "def check(ticker, klines, ta):\n    return " + "(" * 300 + ")" * 300 + "\n",
    "def check(ticker, klines, ta):\n    return " + "-" * 5_000 + "1\n",
    "def check(ticker, klines, ta):\n    return 'a\0b' == ''\n",
    "def check(ticker, klines, ta):\n    return \N{FULLWIDTH LATIN SMALL LETTER O}pen('x')\n",
    "def check(ticker, klines, ta):\n    größe = 1\n    return '\\N{DEGREE SIGN}' == größe\n",
    "def check(ticker, klines, ta):\n    return '\\N{NO SUCH SIGN}' == ''\n",
    "refresh = '7m'\ndef check(ticker, klines, ta):\n    return True\n",
    "symbols = 'bottom:3'\ndef check(ticker, klines, ta):\n    return True\n",
    "def check(ticker, klines, ta):\n    return klines['1w'].close[-1] > 1\n",
    "#" + "x" * 60_000,
)


def test_the_check_says_what_a_worker_says(tmp_path: Path):
    # Given filters of all kinds
    sources = [*map(source_of, (sample for _, sample in ALLOWED)), *map(source_of, (sample for sample, _ in REFUSED))]
    sources += [*ODD, *examples().values(), TEMPLATE]
    path = tmp_path / "filter.py"
    accepted = 0
    with bench() as one:
        one.fork()
        for number, source in enumerate(sources, 1):
            # When both judge one
            path.write_text(source, encoding="utf-8")
            said = inspect(path, 1_000)
            answer = one.load(number, source)
            # Then they say the same of it
            if isinstance(answer, FilterLoaded):
                assert said.refusal is None, source
                assert (said.refresh, said.symbols, said.lookback) == (answer.refresh, answer.symbols, answer.lookback)
                assert said.intervals in (answer.intervals, ()) or said.refresh in answer.intervals
                accepted += 1
                continue
            assert isinstance(answer, FilterRefusal)
            assert said.refusal is not None, source
            place = (said.refusal.line, said.refusal.column, said.refusal.construct)
            assert place == (answer.line, answer.column, answer.construct)
            assert reason(said.refusal) == answer.message
    assert accepted >= len(ALLOWED) + len(examples()) + 1
    assert len(sources) - accepted >= len(REFUSED) + 10
