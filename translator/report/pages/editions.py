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
)
