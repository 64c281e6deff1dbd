"""The intent of a patch: by the name and type of its filter, or by the fields that it sets.

Names of filters and fields: envoyproxy/envoy api/envoy/{extensions,config}, 1.37; which patch goes where: istio/istio
pilot/pkg/networking/core/envoyfilter, 1.31. A patch is taken for no more than its form says: what is not recognised
may touch everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ir.opaque import Column, Intent

EVERYTHING = (Column.ACCESS, Column.ROUTING, Column.RESILIENCE, Column.HEADERS, Column.TELEMETRY)

Json = object
"""A plain value of a manifest."""

_A, _R, _S, _H, _T = (
    Column.ACCESS,
    Column.ROUTING,
    Column.RESILIENCE,
    Column.HEADERS,
    Column.TELEMETRY,
)

TOUCHES: Mapping[Intent, tuple[Column, ...]] = {
    Intent.LOCAL_RATE_LIMIT: (_A, _S),
    Intent.GLOBAL_RATE_LIMIT: (_A, _S),
    Intent.EXTERNAL_AUTHORIZATION: (_A, _H),
    Intent.EXTERNAL_PROCESSING: EVERYTHING,
    Intent.ACCESS_RULES: (_A,),
    Intent.TOKEN_CHECK: (_A, _H),
    Intent.SCRIPT: EVERYTHING,
    Intent.PLUGIN: EVERYTHING,
    Intent.HEADER_CHANGE: (_A, _H),
    Intent.CROSS_ORIGIN: (_A, _H),
    Intent.FAULT: (_A, _S),
    Intent.TIME_LIMIT: (_S,),
    Intent.LIMIT: (_A, _S),
    Intent.KEEP_ALIVE: (_S,),
    Intent.COMPRESSION: (_H,),
    Intent.TRANSCODING: (_R, _H),
    Intent.PATH_FORM: (_A, _R),
    Intent.TRUSTED_HOPS: (_A, _H),
    Intent.PROXY_PROTOCOL: (_A,),
    Intent.LOCAL_REPLY: (_H,),
    Intent.UPGRADE: (_R,),
    Intent.TLS: (_A,),
    Intent.DESTINATION: (_R,),
    Intent.ROUTE: (_R, _H, _S),
    Intent.LOG: (_T,),
    Intent.STATISTICS: (_T,),
    Intent.CAPTURE: (_A, _R, _S),
    Intent.REGISTRATION: (_R,),
    Intent.REMOVAL: EVERYTHING,
    Intent.OTHER: EVERYTHING,
}
"""The columns that a piece with an intent may touch."""

_FILTERS: tuple[tuple[str, Intent], ...] = (
    ("local_ratelimit", Intent.LOCAL_RATE_LIMIT),
    ("localratelimit", Intent.LOCAL_RATE_LIMIT),
    ("ratelimit", Intent.GLOBAL_RATE_LIMIT),
    ("rate_limit", Intent.GLOBAL_RATE_LIMIT),
    ("ext_authz", Intent.EXTERNAL_AUTHORIZATION),
    ("extauthz", Intent.EXTERNAL_AUTHORIZATION),
    ("ext_proc", Intent.EXTERNAL_PROCESSING),
    ("rbac", Intent.ACCESS_RULES),
    ("csrf", Intent.ACCESS_RULES),
    ("basic_auth", Intent.ACCESS_RULES),
    ("jwt", Intent.TOKEN_CHECK),
    ("oauth2", Intent.TOKEN_CHECK),
    ("lua", Intent.SCRIPT),
    ("golang", Intent.SCRIPT),
    ("wasm", Intent.PLUGIN),
    ("header_mutation", Intent.HEADER_CHANGE),
    ("header_to_metadata", Intent.HEADER_CHANGE),
    ("cors", Intent.CROSS_ORIGIN),
    ("fault", Intent.FAULT),
    ("compressor", Intent.COMPRESSION),
    ("gzip", Intent.COMPRESSION),
    ("grpc_json_transcoder", Intent.TRANSCODING),
    ("grpc_web", Intent.TRANSCODING),
    ("grpc_http1", Intent.TRANSCODING),
    ("proxy_protocol", Intent.PROXY_PROTOCOL),
    ("buffer", Intent.LIMIT),
    ("connection_limit", Intent.LIMIT),
    ("bandwidth_limit", Intent.LIMIT),
    ("adaptive_concurrency", Intent.LIMIT),
    ("admission_control", Intent.LIMIT),
    ("stats", Intent.STATISTICS),
    ("tap", Intent.LOG),
    ("alpn", Intent.TLS),
    ("tls_inspector", Intent.TLS),
)
"""Pieces of filters' names and types, most particular first."""

_FIELDS: Mapping[str, Intent] = {
    "access_log": Intent.LOG,
    "access_log_options": Intent.LOG,
    "tracing": Intent.LOG,
    "generate_request_id": Intent.LOG,
    "always_set_request_id_in_response": Intent.HEADER_CHANGE,
    "preserve_external_request_id": Intent.HEADER_CHANGE,
    "request_headers_to_add": Intent.HEADER_CHANGE,
    "request_headers_to_remove": Intent.HEADER_CHANGE,
    "response_headers_to_add": Intent.HEADER_CHANGE,
    "response_headers_to_remove": Intent.HEADER_CHANGE,
    "server_name": Intent.HEADER_CHANGE,
    "server_header_transformation": Intent.HEADER_CHANGE,
    "forward_client_cert_details": Intent.HEADER_CHANGE,
    "set_current_client_cert_details": Intent.HEADER_CHANGE,
    "via": Intent.HEADER_CHANGE,
    "http_protocol_options": Intent.HEADER_CHANGE,
    "idle_timeout": Intent.TIME_LIMIT,
    "stream_idle_timeout": Intent.TIME_LIMIT,
    "request_timeout": Intent.TIME_LIMIT,
    "request_headers_timeout": Intent.TIME_LIMIT,
    "drain_timeout": Intent.TIME_LIMIT,
    "delayed_close_timeout": Intent.TIME_LIMIT,
    "connect_timeout": Intent.TIME_LIMIT,
    "max_connection_duration": Intent.TIME_LIMIT,
    "max_stream_duration": Intent.TIME_LIMIT,
    "transport_socket_connect_timeout": Intent.TIME_LIMIT,
    "timeout": Intent.TIME_LIMIT,
    "max_request_headers_kb": Intent.LIMIT,
    "max_requests_per_connection": Intent.LIMIT,
    "per_connection_buffer_limit_bytes": Intent.LIMIT,
    "http2_protocol_options": Intent.LIMIT,
    "circuit_breakers": Intent.LIMIT,
    "upstream_connection_options": Intent.KEEP_ALIVE,
    "socket_options": Intent.KEEP_ALIVE,
    "normalize_path": Intent.PATH_FORM,
    "merge_slashes": Intent.PATH_FORM,
    "path_with_escaped_slashes_action": Intent.PATH_FORM,
    "strip_matching_host_port": Intent.PATH_FORM,
    "strip_any_host_port": Intent.PATH_FORM,
    "xff_num_trusted_hops": Intent.TRUSTED_HOPS,
    "use_remote_address": Intent.TRUSTED_HOPS,
    "skip_xff_append": Intent.TRUSTED_HOPS,
    "original_ip_detection_extensions": Intent.TRUSTED_HOPS,
    "local_reply_config": Intent.LOCAL_REPLY,
    "upgrade_configs": Intent.UPGRADE,
    "cors": Intent.CROSS_ORIGIN,
    "rate_limits": Intent.GLOBAL_RATE_LIMIT,
    "transport_socket": Intent.TLS,
    "transport_socket_matches": Intent.TLS,
    "tls_context": Intent.TLS,
}
"""Fields of listeners, connection managers, routes and clusters, in snake case."""

_NEUTRAL = frozenset(("@type", "name", "stat_prefix", "type_url"))
"""Fields that only say what is patched."""

_NESTED = frozenset(
    ("typed_config", "typed_per_filter_config", "route", "common_http_protocol_options", "value")
)
"""Fields that hold others."""

_ADDED = ("INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST", "ADD", "REPLACE")


@dataclass(frozen=True, slots=True)
class Patch:
    """``applyTo``, ``operation``, the name of the filter that is matched, and the value."""

    applies_to: str
    operation: str
    matched: str
    value: Json


def intent_of(patch: Patch) -> tuple[Intent, tuple[Column, ...]]:
    """What the patch is for, and what it may touch; of several intents all columns."""
    if patch.operation == "REMOVE":
        known = _by_name(patch.matched)
        return Intent.REMOVAL, EVERYTHING if known is None else TOUCHES[known]
    found = tuple(dict.fromkeys(_intents(patch)))
    if not found or Intent.OTHER in found:
        return Intent.OTHER, EVERYTHING
    columns = {column for one in found for column in TOUCHES[one]}
    return found[0], tuple(column for column in Column if column in columns)


def _intents(patch: Patch) -> Iterator[Intent]:
    value = patch.value if isinstance(patch.value, Mapping) else {}
    if patch.applies_to in ("HTTP_FILTER", "NETWORK_FILTER", "LISTENER_FILTER"):
        manager = "http_connection_manager"
        if patch.operation in _ADDED and not _says(value, manager):
            yield _of_filter(value)
            return
        if patch.matched and manager not in patch.matched:
            yield _by_name(patch.matched) or _of_filter(value)
            return
    elif patch.applies_to == "CLUSTER" and patch.operation == "ADD":
        yield Intent.DESTINATION
        return
    elif patch.applies_to in ("BOOTSTRAP", "EXTENSION_CONFIG"):
        yield _of_filter(value)
        return
    yield from _of_fields(value)


def _of_filter(value: Mapping[str, Json]) -> Intent:
    return next((found for text in _words(value) if (found := _by_name(text))), Intent.OTHER)


def _words(value: Mapping[str, Json]) -> Iterator[str]:
    """The types of a filter, then its name: names are free, types are not."""
    for key in ("typed_config", "typedConfig", "config"):
        inner = value.get(key)
        if isinstance(inner, Mapping):
            yield from (str(inner[k]) for k in ("@type", "type_url", "typeUrl") if k in inner)
    if "name" in value:
        yield str(value["name"])


def _says(value: Mapping[str, Json], word: str) -> bool:
    return any(word in _snake(text) for text in _words(value))


def _by_name(text: str) -> Intent | None:
    spelt = _snake(text)
    return next((intent for word, intent in _FILTERS if word in spelt), None)


def _of_fields(value: Mapping[str, Json]) -> Iterator[Intent]:
    for key, inner in value.items():
        name = _snake(key)
        if name in _NEUTRAL:
            continue
        if name == "typed_per_filter_config" and isinstance(inner, Mapping):
            yield from (_by_name(str(word)) or Intent.OTHER for word in inner)
        elif name in _NESTED and isinstance(inner, Mapping):
            yield from _of_fields(inner)
        else:
            yield _FIELDS.get(name, Intent.OTHER)


def _snake(text: str) -> str:
    """Field names may be written in camel case; so are the names of types."""
    parts: Iterable[str] = (f"_{c.lower()}" if c.isupper() else c for c in text)
    return "".join(parts).strip("_").replace("._", ".")
