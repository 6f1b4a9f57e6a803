"""Which name was meant."""

from genz.spelling import nearest_name


def test_the_nearest_name_if_it_is_near_enough() -> None:
    assert nearest_name("yeer", ["area", "year"]) == "year"
    assert nearest_name("xyz", ["area", "year"], cutoff=0.5) is None
    assert nearest_name("xyz", []) is None
