"""MM2xx: where requests go, and in what shape."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM201",
        "Condition of a route lost",
        "The rule with this condition is left out: its requests are served by the next rule that "
        "matches, or by the default.",
        "The target cannot ask this of a request in a route.",
        "Express the condition with something that the target can ask, such as a header that "
        "the caller sets.",
        "match:\n- withoutHeaders: {x-debug: {}}",
    ),
    Entry(
        "MM202",
        "Order of routes",
        "For some requests another rule wins than in the source.",
        "The source takes the first rule that matches; the target ranks rules in its own way, "
        "and no split of the rules gives the same winner on every request.",
        "Make the conditions of the rules exclude each other.",
        'http:\n- match: [{uri: {regex: "/a.*"}}]\n- match: [{uri: {exact: /ab}}]',
    ),
    Entry(
        "MM203",
        "Destination unknown",
        "The translation cannot say which endpoints the requests reach.",
        "The Service, its port or its subset is not in the input.",
        "Add the Services (and DestinationRules) to the input; with --complete, what is not in "
        "the input is taken not to exist.",
        "route:\n- destination: {host: reviews, subset: v2}  # no subset v2 anywhere",
    ),
    Entry(
        "MM204",
        "Action of a route lost",
        "The rule's redirect or fixed answer is not given by the target's proxy.",
        "The target has no such action, or not in this form.",
        "Give the answer in an ingress in front of the mesh, or in the application.",
        "directResponse: {status: 503}",
    ),
    Entry(
        "MM205",
        "Rewrite or header edit lost",
        "Requests arrive with the path, host or headers that the client sent.",
        "The target cannot rewrite this part of a request or of an answer.",
        "Let the application serve the original path, or rewrite in an ingress.",
        "rewrite: {uri: /v2}",
    ),
    Entry(
        "MM206",
        "Mirror lost",
        "No copies of requests are sent; the requests themselves are served as before.",
        "The target cannot mirror requests, or not this share of them.",
        "Mirror in an ingress, or do without.",
        "mirror: {host: reviews, subset: v2}",
    ),
    Entry(
        "MM207",
        "Chosen by address, not by host name",
        "A request to the Service's address is routed by these rules whatever host it names, and "
        "one that names the host but goes elsewhere is not.",
        "The source picks rules by the Host header, the target by the address that is connected "
        "to.",
        "Nothing, if clients connect to the Service whose name they use, as most do.",
        "hosts: [reviews.shop.svc.cluster.local]",
    ),
    Entry(
        "MM208",
        "Clients of a route lost",
        "The rule is meant for some clients only and is left out.",
        "The source picks the clients by their labels or by the gateway that they come "
        "through; the target cannot.",
        "Give these clients a namespace or a host name of their own.",
        "match:\n- sourceLabels: {app: web}",
    ),
    Entry(
        "MM209",
        "List too long for the target",
        "The part beyond the limit is written as further resources where that means the same, and "
        "is lost where it does not.",
        "The target's schema limits the number of rules, matches or values.",
        "Join conditions that say the same, for instance several exact paths under one prefix.",
        "match:  # more than 8 in one rule\n- uri: {exact: /1}",
    ),
    Entry(
        "MM210",
        "Subset",
        "The endpoints of a subset are reached by a Service of their own.",
        "The source splits a Service by labels; the target knows Services only.",
        "Apply the new Service before the route. Where the finding is a loss, add the Service "
        "that is split to the input.",
        "subsets:\n- name: v2\n  labels: {version: v2}",
    ),
    Entry(
        "MM228",
        "Requests from outside by a Service of nodes",
        "Requests that come in by the ports of nodes or the load balancer of a Service go by its routes now, and reach its pods "
        "with the identity of an ingress.",
        "The target leads requests to every address of a Service, where the source leads those of its clients alone.",
        "Let the ingress in where policies name who may call, or give clients outside a Service of their own.",
        "kind: Service\nspec: {type: LoadBalancer}",
    ),
    Entry(
        "MM229",
        "Service that is new",
        "Requests to a Service that was not there before go by what is written for it.",
        "A part of the endpoints became a Service, and what is said of these endpoints stands where requests to that Service "
        "are led.",
        "Nothing: nobody addresses it yet but the routes that were written with it.",
        "subsets:\n- name: v2\n  labels: {version: v2}\n  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 2}}",
    ),
    Entry(
        "MM211",
        "Unmatched requests differ",
        "A request that no rule matches is answered otherwise than in the source.",
        "Without a rule for the rest, one mesh answers 404 and another passes the request on.",
        "Add a last rule without conditions, and say in it what is to become of the rest.",
        "http:\n- match: [{uri: {prefix: /api}}]  # and nothing for other paths",
    ),
    Entry(
        "MM212",
        "Cross-origin policy lost",
        "The proxy does not answer preflight requests: they reach the application.",
        "The target has no cross-origin policy in its routes.",
        "Set the CORS headers in the application or in an ingress.",
        "corsPolicy:\n  allowOrigins: [{exact: https://shop.example}]",
    ),
    Entry(
        "MM213",
        "Rules for connections",
        "Connections that are not HTTP go to the service that they address, or somewhat other connections follow the "
        "rule.",
        "The target chooses by the name in the TLS hello and by port, for all clients of a service alike, and only on "
        "ports whose protocol leaves room for it.",
        "Let the port's declaration say what is spoken on it, and give clients with rules of their own a service of "
        "their own.",
        "tcp:\n- match: [{port: 3306, sourceLabels: {app: web}}]",
    ),
    Entry(
        "MM214",
        "Share of a backend without endpoints",
        "While a backend has no endpoint, the others get its share; in the source these requests fail.",
        "The target splits requests among the backends that are there.",
        "Nothing, if no backend is meant to be empty.",
        "route:\n- {destination: {host: a}, weight: 90}\n- {destination: {host: b}, weight: 10}",
    ),
)
