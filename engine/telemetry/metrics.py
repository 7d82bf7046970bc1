"""Metrics in Prometheus' text form, made from plain numbers when they are asked for; the hot path only counts integers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class Sample:
    """One number; the name stands without its prefix `engine_`, and a counter's without `_total`."""

    name: str
    value: float
    help: str
    counter: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)


class _Snapshot(Collector):
    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = list(samples)

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for sample in self._samples:
            family = families.get(sample.name)
            if family is None:
                kind = CounterMetricFamily if sample.counter else GaugeMetricFamily
                family = families[sample.name] = kind(f"engine_{sample.name}", sample.help, labels=list(sample.labels))
            assert isinstance(family, CounterMetricFamily | GaugeMetricFamily)
            family.add_metric(list(sample.labels.values()), sample.value)
        return families.values()


def render(samples: Iterable[Sample]) -> bytes:
    """The exposition of all samples; samples of one name share its first help text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(samples))
    return generate_latest(registry)
