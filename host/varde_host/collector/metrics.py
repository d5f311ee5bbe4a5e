"""What a collector counts, for Prometheus: of this process, since it began. No ids, no content."""

from __future__ import annotations

import time
from collections.abc import Callable

import prometheus_client as prometheus
from prometheus_client import process_collector

from varde_host.collector.batch import REASON_NAMES, Committed

CONTENT_TYPE = prometheus.CONTENT_TYPE_LATEST

_MILLISECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
_VERIFY_BUCKETS = (*_MILLISECONDS, 0.1, 0.5)
_COMMIT_BUCKETS = (*_MILLISECONDS, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_WHOLE_BUCKETS = (*_COMMIT_BUCKETS, 40, 80)


class Metrics:
    """One collector's numbers."""

    def __init__(self) -> None:
        self._registry = registry = prometheus.CollectorRegistry()
        process_collector.ProcessCollector(registry=registry)
        requests = prometheus.Counter(
            "varde_requests", "Exchanges by what they came to.", ["outcome"], registry=registry
        )
        self._requests = requests.labels
        records = prometheus.Counter(
            "varde_records", "Records by what became of them.", ["outcome"], registry=registry
        )
        self._stored = records.labels("stored")
        self._repeated = records.labels("repeated")
        self._refused = {
            reason: records.labels(f"refused-{name}") for reason, name in REASON_NAMES.items()
        }
        self.not_kept = records.labels("refused-not-kept")
        """Of those refused: not in the quarantine either, as the hub's share of it is full."""
        asked = prometheus.Counter(
            "varde_documents", "Requests for documents by what they came to.", ["outcome"],
            registry=registry,
        )  # fmt: skip
        self.documents = asked.labels
        """By what is handed out, `none`, or the code of an error."""
        fed = prometheus.Counter(
            "varde_feed", "Receivers' questions by what they came to.", ["outcome"],
            registry=registry,
        )  # fmt: skip
        self.feed = fed.labels
        """By `page`, or the code of an error."""
        blobs = prometheus.Counter(
            "varde_blobs", "Requests for blobs by status, or `slow`.", ["outcome"],
            registry=registry,
        )  # fmt: skip
        self.blobs = blobs.labels
        self.strangers = prometheus.Counter(
            "varde_strangers_not_listed", "Unknown hubs too many to list.", registry=registry
        )
        self.database_errors = prometheus.Counter(
            "varde_database_errors", "Transactions that failed.", registry=registry
        )
        self._make_timers(registry)
        self._make_gauges(registry)

    def _make_timers(self, registry: prometheus.CollectorRegistry) -> None:
        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> prometheus.Histogram:
            return prometheus.Histogram(name, text, buckets=buckets, registry=registry)

        self.verify = histogram(
            "varde_verify_seconds", "Checking one request's signatures.", _VERIFY_BUCKETS
        )
        self.commit = histogram(
            "varde_commit_seconds", "One transaction, of many requests.", _COMMIT_BUCKETS
        )
        self.whole = histogram(
            "varde_request_seconds", "An exchange from its head to its answer.", _WHOLE_BUCKETS
        )

    def _make_gauges(self, registry: prometheus.CollectorRegistry) -> None:
        def gauge(name: str, text: str) -> prometheus.Gauge:
            return prometheus.Gauge(name, text, registry=registry)

        self.in_flight = gauge("varde_requests_in_flight", "Exchanges being answered.")
        self._queue = gauge("varde_queue_depth", "Requests that wait for a transaction.")
        self._connections = gauge("varde_connections", "Connections to this process.")
        self._committed_at = time.monotonic()
        age = gauge("varde_last_commit_age_seconds", "Since a transaction held, or the start.")
        age.set_function(lambda: time.monotonic() - self._committed_at)

    def watch_queue(self, depth: Callable[[], int]) -> None:
        """Say how many requests wait."""
        self._queue.set_function(depth)

    def watch_connections(self, count: Callable[[], int]) -> None:
        """Say how many connections there are."""
        self._connections.set_function(count)

    def request(self, outcome: str, seconds: float) -> None:
        """Count an exchange: `acknowledged`, or the code of its error."""
        self._requests(outcome).inc()
        self.whole.observe(seconds)

    def committed(self, outcomes: list[Committed | None], new_records: int) -> None:
        """Count a transaction that held."""
        self._committed_at = time.monotonic()
        acknowledged = sum(len(each.acknowledged) for each in outcomes if each)
        self._stored.inc(new_records)
        self._repeated.inc(max(0, acknowledged - new_records))
        for each in outcomes:
            for refused in each.refused if each else ():
                self._refused[refused.reason].inc()

    def text(self) -> bytes:
        """Return all of it in Prometheus's text format."""
        return prometheus.generate_latest(self._registry)
