"""The words in which a mesh tells what it counts, against neutral measures and dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Measure(StrEnum):
    """What a metric counts or measures."""

    REQUESTS = "requests, counted when they are answered"
    REQUESTS_BEGUN = "requests, counted when they begin"
    DURATION = "time until a request is answered whole"
    FIRST_BYTE = "time until the first byte of the answer"
    REQUEST_BYTES = "bytes of request bodies"
    RESPONSE_BYTES = "bytes of response bodies"
    MESSAGES_SENT = "gRPC messages of clients"
    MESSAGES_RECEIVED = "gRPC messages of servers"
    BYTES_TO_CLIENT = "bytes of connections, to the client"
    BYTES_TO_SERVER = "bytes of connections, to the server"
    OPENED = "connections opened"
    CLOSED = "connections closed"
    REFUSED = "requests refused by policy"
    DROPPED = "packets dropped"


class Side(StrEnum):
    """Who counted: the client's end of a request or the server's."""

    CLIENT = "client"
    SERVER = "server"


class Dimension(StrEnum):
    """What a label tells."""

    CLIENT_WORKLOAD = "workload of the client"
    CLIENT_NAMESPACE = "namespace of the client"
    CLIENT_APP = "label app of the client"
    CLIENT_VERSION = "label version of the client"
    CLIENT_IDENTITY = "identity of the client"
    SERVER_WORKLOAD = "workload of the server"
    SERVER_NAMESPACE = "namespace of the server"
    SERVER_APP = "label app of the server"
    SERVER_VERSION = "label version of the server"
    SERVICE = "service that was called"
    SERVICE_NAMESPACE = "namespace of that service"
    SERVICE_HOST = "whole name of that service"
    STATUS = "status of the answer"
    GRPC_STATUS = "gRPC status of the answer"
    METHOD = "method of the request"
    PROTOCOL = "protocol of the request"
    MUTUAL_TLS = "whether the connection was mutual TLS"
    OUTCOME = "success or failure"
    REASON = "why the proxy answered itself"
    BUCKET = "upper bound of a histogram's bucket"


class Shape(StrEnum):
    """How a metric is told."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"


PARTS = ("_bucket", "_sum", "_count")
"""The series of a histogram by what follows its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A metric: ``fixed`` are matchers that make it the measure; ``unit`` that of its values; ``note`` what is special."""

    name: str
    measure: Measure
    shape: Shape = Shape.COUNTER
    unit: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A label; ``kinds``: its name by the kind of the workload, where that makes a difference."""

    name: str
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All that one mesh says.

    ``side``: the label that tells who counted, with its values; ``labels``: by side and dimension; ``yes``: the value of
    the mutual TLS label for it. ``prefixes``: names that are the mesh's own; ``marks``: labels by which metrics of a
    common name are known as its own. ``needs``: what must be set up for the metrics to be there.
    """

    mesh: str
    side: str
    sides: Mapping[Side, str]
    series: tuple[Series, ...]
    labels: Mapping[Side, Mapping[Dimension, Label]]
    yes: str = ""
    prefixes: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    needs: str = ""
    dashboards: str = ""
    sources: tuple[str, ...] = ()

    def find(self, name: str) -> tuple[Series, str] | None:
        """The metric of a series, and what follows its name; ``None`` for a name that is not listed."""
        for one in self.series:
            if one.shape is Shape.COUNTER and one.name == name:
                return one, ""
            if one.shape is Shape.HISTOGRAM and name in {f"{one.name}{part}" for part in PARTS}:
                return one, name.removeprefix(one.name)
        return None

    def dimension(self, label: str, side: Side) -> Dimension | None:
        """What a label tells when that side counts; ``None`` for one that is not listed."""
        for dimension, word in self.labels[side].items():
            if label == word.name or label in word.kinds.values():
                return dimension
        return None

    def own_labels(self) -> frozenset[str]:
        """All labels that are the mesh's words."""
        found = {self.side}
        for words in self.labels.values():
            for word in words.values():
                found.update((word.name, *word.kinds.values()))
        return frozenset(found - {"le"})


ALIKE: Mapping[Measure, tuple[Measure, ...]] = {
    Measure.REQUESTS_BEGUN: (Measure.REQUESTS,),
    Measure.DURATION: (Measure.FIRST_BYTE,),
    Measure.FIRST_BYTE: (Measure.DURATION,),
}
"""Measures that stand in for another where a mesh does not have it; what differs is told."""


def counterpart(series: Series, target: Vocabulary) -> Series | None:
    """What the target counts instead: the same measure, else one that is alike; ``None`` where there is nothing."""
    for measure in (series.measure, *ALIKE.get(series.measure, ())):
        for one in target.series:
            if one.measure is measure and one.shape is series.shape:
                return one
    return None
