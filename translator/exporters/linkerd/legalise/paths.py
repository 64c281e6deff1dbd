"""A set of paths as one regular expression of the target, for requests whose path nobody normalised.

The source decides on the normal form of a path; the target matches what is on the wire
(linkerd2-proxy linkerd/http/route ``uri.path()``, 2.20). So that nothing gets wider, only paths are named whose normal
form is granted: those without dot elements where the set is built of positive patterns alone (an escape further on
cannot lead out of a prefix), and only paths in normal form otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

from ir.access import Grant, Refusal
from ir.language import NORMAL_PATH, PATH, Dialect, Language
from ir.match import PathForm
from ir.model import Fact
from translator.exporters.linkerd.legalise.phrases import ELEMENT

_NOT_NORMAL = (
    r".*(?:\\|%(?:2[DEde]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee]|[^0-9A-Fa-f]|[0-9A-Fa-f][^0-9A-Fa-f])).*"
    r"|.*/\.{1,2}(?:/.*)?|.*%[0-9A-Fa-f]?"
)
"""What the paths of :data:`ir.language.NORMAL_PATH` are not, with a test that it is so."""


def form_of(rulings: Sequence[Fact]) -> PathForm:
    """What is done to paths before these rules look; where they differ, the most that is."""
    forms = [r.view.path for r in rulings if isinstance(r, (Grant, Refusal))]
    return max(forms, key=list(PathForm).index, default=PathForm.NORMAL)


ODD = {
    PathForm.RAW: "",
    PathForm.NORMAL: "/a/../b, \\",
    PathForm.MERGED: "/a/../b, \\, //a",
    PathForm.DECODED_AND_MERGED: "/a/../b, \\, //a, %2F",
}
"""What a path that is not in normal form may look like."""


@lru_cache(maxsize=1)
def without_dots() -> Language:
    """Paths without dot elements, backslashes or broken escapes."""
    return Language.regex(f"(?:/{ELEMENT})+", Dialect.RE2_FULL) & PATH


@lru_cache(maxsize=1)
def without_runs() -> Language:
    """Paths without two slashes in a row."""
    return PATH - Language.regex(".*//.*", Dialect.RE2_FULL)


@lru_cache(maxsize=1)
def without_escaped_slashes() -> Language:
    """Paths without two slashes in a row, and without a slash or backslash that is escaped."""
    return without_runs() - Language.regex(".*%(?:2[Ff]|5[Cc]).*", Dialect.RE2_FULL)


@cache
def beyond(form: PathForm) -> Language | None:
    """Paths that are not in the form in which the source looks at them; ``None`` where that is as they were sent."""
    texts = {
        PathForm.RAW: (),
        PathForm.NORMAL: (_NOT_NORMAL,),
        PathForm.MERGED: (_NOT_NORMAL, ".*//.*"),
        PathForm.DECODED_AND_MERGED: (_NOT_NORMAL, ".*//.*", ".*%(?:2[Ff]|5[Cc]).*"),
    }[form]
    return Language.regex("|".join(texts), Dialect.RE2_FULL) if texts else None


def safe(
    paths: Language,
    closed: bool,  # noqa: FBT001  # a property of the set
    form: PathForm = PathForm.NORMAL,
) -> Language:
    """The paths on the wire that may stand for ``paths``.

    ``closed``: the set is a union of intersections of positive patterns, none of them negated. ``form``: what the
    source does to a path before it looks.
    """
    if (PATH - paths).is_empty():
        return PATH
    found = paths & (without_dots() if closed else NORMAL_PATH)
    match form:
        case PathForm.RAW:
            return paths & PATH
        case PathForm.NORMAL:
            return found
        case PathForm.MERGED:
            return found & without_runs()
        case PathForm.DECODED_AND_MERGED:
            return found & without_escaped_slashes()
