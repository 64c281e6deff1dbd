"""MM3xx: failures, and how clients live with them."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM301",
        "Fault",
        "No delays and no errors are injected.",
        "The target's proxy cannot inject faults.",
        "Test with a backend that is slow or fails, and send it a share of the requests.",
        "fault: {delay: {percentage: {value: 10}, fixedDelay: 5s}}",
    ),
    Entry(
        "MM302",
        "Retry",
        "Requests that fail are tried again more often, less often, or on other occasions than in "
        "the source.",
        "The target cannot say this part of the retry: an occasion, the pause between tries, the "
        "choice of the endpoint.",
        "Check that the requests are safe to repeat, and set what the target offers.",
        "retries: {attempts: 3, retryOn: connect-failure, perTryTimeout: 2s}",
    ),
    Entry(
        "MM303",
        "Timeout",
        "Requests are given up earlier or later than in the source.",
        "The target cannot limit this span of a request, or not here.",
        "Limit the time in the client.",
        "timeout: 10s",
    ),
    Entry(
        "MM304",
        "Outlier ejection",
        "Endpoints that fail are taken out by another rule, or not at all.",
        "The target counts failures in another way, or it is not translated yet.",
        "Set what the target offers instead, and watch the share of failures after the change.",
        "outlierDetection: {consecutive5xxErrors: 5, baseEjectionTime: 30s}",
    ),
    Entry(
        "MM305",
        "Connection limits",
        "The number of connections, of waiting requests or of requests in a span of time is not "
        "limited as in the source.",
        "The target has no such limit, or it is not translated yet.",
        "Protect the application by limits of its own.",
        "connectionPool: {http: {http1MaxPendingRequests: 10}}",
    ),
    Entry(
        "MM306",
        "Load balancing",
        "Another endpoint may be picked for a request; requests of one session may reach several "
        "endpoints.",
        "The target's way to pick an endpoint is fixed, or knows other ways.",
        "If the application relies on sessions that stay, keep their state outside it first.",
        "loadBalancer: {consistentHash: {httpCookie: {name: session, ttl: 0s}}}",
    ),
    Entry(
        "MM307",
        "Silent default differs",
        "Nothing is written in the source, and still it does something that the target does not "
        "do by itself.",
        "The default of the source mesh cannot be written out for the target, or --defaults adopt "
        "was given.",
        "Decide whether you rely on it; the finding says what it is and where it is documented.",
        "http:\n- route: [{destination: {host: reviews}}]  # retried twice by default",
    ),
    Entry(
        "MM330",
        "Annotations of the target in the input",
        "A Service of the input has annotations that the source does not heed and the target does: from the change on "
        "requests to it are tried again, limited in time, or kept from failing endpoints by these words.",
        "Somebody prepared the Service for the target, or it was there before.",
        "Take the annotations off, or keep them where they are meant. A route that sets retries or time limits of its own "
        "uses none of the Service's.",
        "metadata: {annotations: {timeout.linkerd.io/request: 5s}}",
    ),
    Entry(
        "MM331",
        "Failing endpoints of whom",
        "Endpoints that fail are left out for other clients, other endpoints or other ports than in the source, or for "
        "nobody.",
        "One mesh has a rule for each Service that clients address, with all endpoints to which its routes lead; the other "
        "for each Service whose endpoints get requests, whatever was addressed.",
        "Split the Service, or decide that one rule is right for all; then set it in the words of the target.",
        "subsets:\n- name: v1\n  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 2}}",
    ),
    Entry(
        "MM334",
        "Longest time out",
        "An endpoint that fails again and again is out for a longer or a shorter time at most than in the source.",
        "The target has a bound of its own for it, which no object sets.",
        "Watch endpoints that come and go: a longer time keeps requests away from them, also once they are well.",
        "balancer.linkerd.io/failure-accrual-consecutive-max-penalty: 1m",
    ),
)
