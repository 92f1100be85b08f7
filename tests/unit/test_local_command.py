"""What a person may get wrong on the command line is told before anything starts."""

import pytest

from deploy.local.__main__ import known_city
from deploy.local.problem import Problem


def test_a_city_of_which_there_is_a_pack_is_taken() -> None:
    """As its folder is named."""
    assert known_city("helsinki") == "helsinki"


@pytest.mark.parametrize("slug", ["atlantis", "", "../london", "London"])
def test_another_city_is_refused_with_those_there_are(slug: str) -> None:
    """Nothing starts for it."""
    with pytest.raises(Problem, match=r"choose of chicago, helsinki, london"):
        known_city(slug)
