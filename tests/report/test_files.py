"""Names of output files."""

from __future__ import annotations

import pytest

from translator.report.files import file_name


@pytest.mark.parametrize(
    ("resource", "file"),
    [
        ("HTTPRoute/shop/reviews", "httproute-shop-reviews.yaml"),
        ("Namespace//shop", "namespace-shop.yaml"),
        ("ClusterRole//system:node", "clusterrole-system_node.yaml"),
        ("X/../../etc/passwd", "x-..-.._etc_passwd.yaml"),
        ("//..", "unnamed.yaml"),
    ],
)
def test_a_file_is_named_after_its_resource_and_never_leaves_its_folder(
    resource: str, file: str
) -> None:
    assert file_name(resource) == file


def test_a_long_name_is_cut_and_stays_its_own() -> None:
    one, other = (file_name(f"HTTPRoute/{'n' * 60}/{'a' * 250}{end}") for end in "xy")
    assert one != other
    assert len(one) < 255
