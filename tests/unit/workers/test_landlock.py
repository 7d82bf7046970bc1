"""Rights that each version of Landlock can forbid; numbers as in the kernel's header."""

import pytest

from workers.landlock import Rights, rights_of


@pytest.mark.parametrize(
    "version, expected",
    [
        (1, Rights(0x1FFF, 0, 0)),
        (2, Rights(0x3FFF, 0, 0)),
        (3, Rights(0x7FFF, 0, 0)),
        (4, Rights(0x7FFF, 3, 0)),
        (5, Rights(0xFFFF, 3, 0)),
        (6, Rights(0xFFFF, 3, 3)),
        (7, Rights(0xFFFF, 3, 3)),
        (99, Rights(0xFFFF, 3, 3)),
    ],
)
def test_all_rights_that_the_kernel_knows_are_given_up(version: int, expected: Rights) -> None:
    assert rights_of(version) == expected
