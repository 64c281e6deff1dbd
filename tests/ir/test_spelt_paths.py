"""The quick way to say how a plain text may be spelt on the wire agrees with the general one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ir.behaviour import languages
from ir.behaviour.languages import language_of
from ir.language import PATH
from ir.match import PathForm, Pattern, PatternKind

FORMS = tuple(form for form in PathForm if form is not PathForm.RAW)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", [PatternKind.EXACT, PatternKind.PREFIX])
@settings(max_examples=25, deadline=None)
@given(text=st.text("/a.Z~-_0", max_size=7))
def test_letter_by_letter_is_what_the_form_undoes(
    kind: PatternKind, form: PathForm, text: str
) -> None:
    pattern = Pattern(kind, text)
    quick = languages._spelt(pattern, form)
    if quick is None:
        assert form is not PathForm.NORMAL
        assert not text.strip("/")
        return
    general = languages._before(language_of(pattern), form)
    assert (quick & PATH).equals(general & PATH)


@pytest.mark.parametrize("text", ["/%41", "/a b", "/\\\\", "/é"])
def test_what_is_not_plain_takes_the_general_way(text: str) -> None:
    assert languages._spelt(Pattern(PatternKind.PREFIX, text), PathForm.NORMAL) is None
