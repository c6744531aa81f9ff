"""A prune beside publishes, rollbacks, updates and other prunes: no release lacks a blob."""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pruned import (
    KEEP_ONE,
    Between,
    assert_whole,
    dead_at_once,
    paths,
    prune,
    publish_as,
    releases,
)
from small_release import SmallRelease, build

from batch_jobs.prune import job
from batch_jobs.prune.plan import Keep
from release import marks
from release.errors import ConflictError, JobError, NoReleaseError
from release.fetching import read_pointer
from release.marks import PRUNING, PUBLISHING, Mark
from release.publisher import make_current
from release.store import Store

MadeOf = dict[str, SmallRelease]


@pytest.fixture(scope="module")
def made_of(tmp_path_factory: pytest.TempPathFactory) -> MadeOf:
    """x and y have one photo in common with nobody; `again` is x under another name."""
    folder = tmp_path_factory.mktemp("releases")
    x, y = (build(str(folder / name), name, seed, 1) for name, seed in (("x", 21), ("y", 22)))
    return {"old": x, "new": y, "again": x}


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(job, "BATCH", 2)


def two_releases(store: Store, made_of: MadeOf) -> None:
    """`old` is to go: only `new` is kept."""
    publish_as(store, made_of["old"], "old", 1)
    publish_as(store, made_of["new"], "new", 2)


def at_each_write(
    store: Store, made_of: MadeOf, doing: Callable[[Store], object], act: Callable[[Store], object]
) -> int:
    """How many writes `doing` has; in each store `act` was done before another of them."""
    number = 1
    while True:
        here = Store(f"{store.url}/{number}", create=True)
        two_releases(here, made_of)
        between = Between(number, lambda here=here: act(here))
        with between.installed():
            doing(here)
        assert_whole(here, made_of)
        if not between.happened:
            return number - 1
        number += 1


def try_to_prune(store: Store) -> None:
    with suppress(ConflictError, JobError):  # the latter before there is any release
        prune(store)


def test_a_publish_is_whole_whenever_a_prune_begins_beside_it(
    store: Store, made_of: MadeOf
) -> None:
    def publish(here: Store) -> None:
        publish_as(here, made_of["again"], "again", 3)
        assert read_pointer(here).release_id == "again"  # type: ignore[union-attr]

    assert at_each_write(store, made_of, publish, try_to_prune) >= 4


def test_a_rollback_is_whole_or_refused_whenever_a_prune_begins_beside_it(
    store: Store, made_of: MadeOf
) -> None:
    def roll_back(here: Store) -> None:
        try:
            make_current(here, "old", read_pointer(here))
        except NoReleaseError:
            assert releases(here) == ["new"]
        else:
            assert "old" in releases(here)

    assert at_each_write(store, made_of, roll_back, try_to_prune) == 3


class Beside:
    """Something done in a thread of its own, begun and awaited until it has left its mark."""

    def __init__(self, act: Callable[[Store], object]) -> None:
        self._act, self._threads = act, list[threading.Thread]()
        self.errors: list[Exception] = []

    def begin(self, store: Store) -> None:
        thread = threading.Thread(target=self._run, args=(store,))
        self._threads.append(thread)
        thread.start()
        while thread.is_alive() and not any(p.endswith(PUBLISHING.suffix) for p in paths(store)):
            pass

    def _run(self, store: Store) -> None:
        try:
            self._act(store)
        except Exception as error:
            self.errors.append(error)

    def end(self) -> list[Exception]:
        while self._threads:
            self._threads.pop().join()
        return self.errors


def test_a_prune_gives_way_whenever_a_publish_begins_beside_it(
    store: Store, made_of: MadeOf
) -> None:
    beside = Beside(lambda here: publish_as(here, made_of["again"], "again", 3))
    refusals = list[str]()

    def prune_and_wait(here: Store) -> None:
        try:
            prune(here)
        except ConflictError as error:
            refusals.append(str(error))
        assert beside.end() == []

    assert (moments := at_each_write(store, made_of, prune_and_wait, beside.begin)) >= 11
    assert sum("prune gives way" in refusal for refusal in refusals) >= moments // 2


def test_a_prune_gives_way_whenever_a_rollback_begins_beside_it(
    store: Store, made_of: MadeOf
) -> None:
    beside = Beside(lambda here: make_current(here, "old", read_pointer(here)))

    def prune_and_wait(here: Store) -> None:
        try_to_prune(here)
        assert all(isinstance(error, NoReleaseError) for error in beside.end())

    assert at_each_write(store, made_of, prune_and_wait, beside.begin) >= 11


def test_what_was_published_between_the_two_plans_is_whole(store: Store, made_of: MadeOf) -> None:
    """`old` is published and overtaken, while its blobs lay about and were to go."""
    two_releases(store, made_of)
    store.delete(["releases/old.json"])

    def overtake() -> None:
        publish_as(store, made_of["old"], "old", 3)
        publish_as(store, made_of["new"], "newer", 4)

    with Between(1, overtake).installed():
        prune(store)
    assert releases(store) == ["new", "old", "newer"]
    assert_whole(store, made_of | {"newer": made_of["new"]})


def test_beside_a_prune_another_is_refused(store: Store, made_of: MadeOf) -> None:
    two_releases(store, made_of)
    with marks.pruning(store), pytest.raises(ConflictError, match=r"Another prune .*\.pruning"):
        prune(store)


def test_two_prunes_do_no_harm(store: Store, made_of: MadeOf) -> None:
    def pruned(here: Store) -> None:
        try_to_prune(here)
        prune(here)
        assert releases(here) == ["new"]

    assert at_each_write(store, made_of, pruned, try_to_prune) >= 11


def test_beside_a_publish_it_says_which_and_deletes_nothing(store: Store, made_of: MadeOf) -> None:
    two_releases(store, made_of)
    with marks.publishing(store, "other"):
        before = paths(store)
        with pytest.raises(ConflictError, match=r"releases/other\.[0-9a-f]{8}\.publishing.*way"):
            prune(store)
        assert (paths(store), releases(store)) == (before, ["old", "new"])
    assert prune(store)


def test_a_publish_does_not_wait_for_ever(
    store: Store, made_of: MadeOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "WAIT_S", 0.05)
    Mark.write(store, PRUNING, "all")
    with pytest.raises(ConflictError, match=r"prune has not given way .*\.pruning"):
        publish_as(store, made_of["old"], "old")
    with dead_at_once("PRUNING"):
        publish_as(store, made_of["old"], "old")
    assert not [path for path in paths(store) if path.endswith(PRUNING.suffix)]


@pytest.mark.parametrize("kind", ["PUBLISHING", "PRUNING"])
def test_whoever_was_taken_for_dead_finds_out(store: Store, made_of: MadeOf, kind: str) -> None:
    two_releases(store, made_of)
    late = Mark.write(store, getattr(marks, kind), "late")
    late.renew()
    with dead_at_once(kind):
        prune(store) if kind == "PUBLISHING" else publish_as(store, made_of["again"], "again", 3)
    with pytest.raises(ConflictError, match=r"late\..*was deleted meanwhile"):
        late.renew()
    with pytest.raises(ConflictError, match="was deleted meanwhile"):
        late.others(PRUNING)


NUMBERS = {"publish": (0, 1), "roll back": (0, 5), "prune": (1, 3), "both at once": (1, 9)}
STEPS = st.sampled_from(sorted(NUMBERS)).flatmap(
    lambda step: st.tuples(st.just(step), st.integers(*NUMBERS[step]))
)


@settings(max_examples=25, deadline=None)
@given(st.lists(STEPS, max_size=10))
def test_after_any_history_every_release_is_whole(
    tmp_path_factory: pytest.TempPathFactory, made_of: MadeOf, steps: list[tuple[str, int]]
) -> None:
    store = Store(str(tmp_path_factory.mktemp("history")), create=True)
    smalls, made = (made_of["old"], made_of["new"]), dict[str, SmallRelease]()

    def publish(which: int) -> None:
        name = f"release-{len(made)}"
        made[name] = smalls[which]
        publish_as(store, smalls[which], name, len(made))

    for step, number in steps:
        if step == "publish":
            publish(number)
        elif step == "roll back" and (there := releases(store)):
            make_current(store, there[number % len(there)], read_pointer(store))
        elif step == "prune":
            prune(store, Keep(number, KEEP_ONE.older_than))
            assert len(releases(store)) <= number + 1
        elif step == "both at once":
            with Between(number, lambda: try_to_prune(store)).installed():
                publish(number % 2)
        assert_whole(store, made)
