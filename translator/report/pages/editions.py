"""What a version or a channel of Gateway API does not have."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM260",
        "Field of another version or channel",
        "Nothing changes: what the field says does not hold in the source either.",
        "The version and channel of Gateway API that the source is taken to be have no such field: the API server drops it "
        "without a word.",
        "If it does hold in your cluster, name the version and channel that are installed.",
        "kind: HTTPRoute\nspec:\n  rules: [{retry: {attempts: 2}}]  # the experimental channel alone has retries",
    ),
    Entry(
        "MM261",
        "Route of an object that one mesh knows",
        "The rules hold from the day on which a mesh that knows the object is there.",
        "The parent of the route is of a kind that Gateway API does not know; the route stays as it is.",
        "See whether the rules are meant for the target; else delete the route before the target is installed.",
        "kind: HTTPRoute\nspec:\n  parentRefs: [{group: policy.linkerd.io, kind: EgressNetwork, name: all, port: 443}]",
    ),
)
