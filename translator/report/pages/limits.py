"""MM54x and MM55x: limits of requests, protocols of ports."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM540",
        "Lower rate",
        "Fewer requests pass in a burst, or in the long run, than in the source; never more.",
        "The target has one whole number for requests a second and for how many may come at once; "
        "it is the greatest that keeps below the source in any span of time. Or its proxy has "
        "several buckets for the port, to which the number is shared out.",
        "Raise the number by hand if bursts matter more than the long run.",
        "token_bucket: {max_tokens: 300, tokens_per_fill: 600, fill_interval: 60s}",
    ),
    Entry(
        "MM541",
        "Answer to a request above the rate",
        "Requests above the rate get a plain answer of 429, without the status or the headers "
        "that the source gives.",
        "The target's answer cannot be changed.",
        "Let clients go by the status 429 alone.",
        "status: {code: 503}",
    ),
    Entry(
        "MM542",
        "Rate not limited",
        "Requests pass that the source refuses for their number.",
        "The limit is below one request a second, for a part of the requests, for pods or ports "
        "that the input does not show, or the version of the target has none.",
        "Limit the requests in the application, or in an ingress in front of it.",
        "token_bucket: {max_tokens: 4, tokens_per_fill: 4, fill_interval: 60s}",
    ),
    Entry(
        "MM543",
        "Requests counted together",
        "Requests that the source does not count, or counts apart, take from one limit, or the other way round.",
        "Health checks are requests to the proxy of one mesh alone; callers with and without a "
        "certificate share the limit of a port.",
        "Probe a port without a limit; demand mutual TLS first if only the mesh calls the port.",
        "readinessProbe: {httpGet: {port: 8080, path: /ready}}  # on a port with a limit",
    ),
    Entry(
        "MM550",
        "Port is read no more",
        "Connections to the port are passed on as bytes, where the source looked whether it is HTTP.",
        "The port has an appProtocol that the target does not know, or is on its list of opaque ports, "
        "and nothing says that HTTP is spoken there.",
        "Give the port the appProtocol http or kubernetes.io/h2c if HTTP is spoken there.",
        "ports: [{name: db, port: 5432}]",
    ),
    Entry(
        "MM551",
        "Port of unknown protocol",
        "A connection on which the client says nothing is passed on after 10 s.",
        "Neither the name of the port nor its appProtocol says what is spoken there, so that the "
        "proxies look at the first bytes.",
        "Name the port, or give it an appProtocol; where the server speaks first it must be tcp.",
        "ports: [{port: 8080}]",
    ),
    Entry(
        "MM552",
        "appProtocol stays",
        "Nothing changes.",
        "Both meshes take the port for the same by its appProtocol.",
        "Nothing.",
        "ports: [{name: web, port: 80, appProtocol: http}]",
    ),
)
