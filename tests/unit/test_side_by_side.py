"""Things done at once come back in order, as many at a time as was said."""

import threading

import pytest

from release.side_by_side import Aside, side_by_side


def test_results_are_in_order():
    gates = [threading.Event() for _ in range(4)]

    def work(place: int) -> int:
        if place + 1 < len(gates):
            gates[place + 1].wait(10)
        gates[place].set()
        return place * 10

    assert list(side_by_side(work, range(4), at_once=4)) == [0, 10, 20, 30]


def test_no_more_are_under_way_than_was_said():
    lock, under_way, most = threading.Lock(), 0, 0
    all_in = threading.Barrier(3)

    def work(_: int) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        all_in.wait(10)
        with lock:
            under_way -= 1

    list(side_by_side(work, range(9), at_once=3))
    assert (under_way, most) == (0, 3)


def test_an_error_comes_in_its_turn():
    results = side_by_side(lambda number: 6 // number, [3, 2, 0, 1], at_once=2)
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_a_call_aside_gives_its_result_or_its_error():
    assert Aside(lambda: 5).result() == 5
    with pytest.raises(KeyError):
        Aside(lambda: {}["a"]).result()
