"""Reads Prometheus' text format with Prometheus' own parser."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

Samples = Mapping[str, Mapping[tuple[tuple[str, str], ...], float]]


def samples(text: str) -> Samples:
    """Name → labels → value."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            found.setdefault(one.name, {})[tuple(sorted(one.labels.items()))] = one.value
    return found


def value(seen: Samples, name: str, **labels: str) -> float:
    """The sum of what has these labels; 0 if there is nothing."""
    wanted = set(labels.items())
    return sum(number for given, number in seen.get(f"buurtsein_{name}", {}).items() if wanted <= set(given))


def counted(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return value(samples(generate_latest(registry).decode()), name, **labels)
