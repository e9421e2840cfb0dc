from uuid import RFC_4122, UUID

from core.ids import uuid_ordered, uuids_ordered


def test_they_are_version_7_in_order_of_time_and_all_differ() -> None:
    before = uuid_ordered()
    many = [UUID(text) for text in uuids_ordered(5000)]
    after = uuid_ordered()
    assert {(one.version, one.variant) for one in (before, *many, after)} == {(7, RFC_4122)}
    assert len({*many, before, after}) == 5002
    made = [one.int >> 80 for one in (before, many[0], many[-1], after)]
    assert made == sorted(made)


def test_74_bits_are_random() -> None:
    many = [UUID(text).int for text in uuids_ordered(2000)]
    ones = [sum(one >> bit & 1 for one in many) for bit in range(80)]
    moving = [bit for bit, count in enumerate(ones) if 800 < count < 1200]
    assert moving == [*range(62), *range(64, 76)]
