"""Pages about a run say what is so, of few and many photos, and hostile texts do nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_explored import BESIDE, RUN_ID, Thing, cleaned_run, one_photo, unit_rows
from seen_page import HOSTILE, Page, check_accessible, check_harmless

from batch_jobs.explore import job
from batch_jobs.explore.confusion_page import PAIRS, choose_confusions, confusion_page
from batch_jobs.explore.examples_page import choose_examples, examples_page
from batch_jobs.explore.index_page import figures
from batch_jobs.explore.reposts_page import GROUPS, PHOTOS, choose_reposts, reposts_page
from batch_jobs.explore.stored import StoredRun
from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder
from batch_jobs.tables import embeddings_schema, write_table
from batch_jobs.train.evaluate import Parts
from release.errors import JobError
from release.store import Store

OPTIONS = {"label_level": "leaf", "min_photos": 1, "seed": 0}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"), create=True)


def trained(run: StoredRun, tested: int) -> StoredRun:
    """With the last of the listings held out."""
    train = run.clean.sibling("train")
    names = run.photos.product_ids
    parts = ["train"] * (len(names) - tested) + ["test"] * tested
    train.write_json("split.json", dict(zip(names, parts, strict=True)))
    train.write_json("training.json", {"options": OPTIONS})
    train.finish({"clean": run.done["clean"].digest}, {})
    return StoredRun.of(run.clean.store, RUN_ID)


def reposts(run: StoredRun) -> str:
    chosen = choose_reposts(run.photos)
    return reposts_page(run, chosen, run.shown(chosen.places)).content.decode()


def test_reposts_come_with_most_listings_first_and_say_whether_they_are_exact(store: Store) -> None:
    shared, near = ("a", "g1"), ("b", "g2")
    things = [
        Thing([near, ("x", None)], "Lamp"),
        Thing([("b2", "g2"), ("own", "g3"), ("own", "g3")], "Lamp again"),
        *(Thing([shared], f"Stool {number}", price=9) for number in range(3)),
    ]
    page = reposts(cleaned_run(store, things, files=1))
    text = Page(page).text
    assert "2 photos are in more than one listing, 5 listings in all." in text
    assert "3 listings exact Stool 0 £9.00 Leeds p2 Stool 1 £9.00 Leeds p3" in text
    assert "2 listings nearly the same Lamp £5.00 Leeds p0 Lamp again £5.00 Leeds p1" in text
    assert text.index("3 listings") < text.index("2 listings nearly")
    check_accessible(page, BESIDE)


def test_what_is_not_shown_of_many_reposts_is_counted(store: Store) -> None:
    things = [Thing([("a", "big")]) for _ in range(PHOTOS + 3)]
    things += [Thing([("b", f"g{number}")]) for number in range(GROUPS) for _ in range(2)]
    text = Page(reposts(cleaned_run(store, things))).text
    assert f"{GROUPS + 1} photos are in more than one listing" in text
    assert f"The {GROUPS} that are in most listings are shown." in text
    assert f"{PHOTOS + 3} listings" in text
    assert "And 3 more listings." in text


def test_a_catalogue_without_reposts_says_so(store: Store) -> None:
    assert "No photo is in two listings." in reposts(cleaned_run(store, [one_photo(1)]))


def test_confusions_are_counted_by_category_and_shown_beside_what_they_are_like(
    store: Store,
) -> None:
    names = ("Chairs", "Chairs", "Chairs", "Lamps", "Lamps", "Tables")
    things = [one_photo(n, f"{name} {n}", "Home", name) for n, name in enumerate(names)]
    run = trained(cleaned_run(store, things, files=1), 4)
    test = np.array([0, 1, 2, 3])
    logits = np.full((4, 3), -9.0, np.float32)  # of Chairs, Lamps, Tables
    for row, (taken_for, sure) in enumerate([(1, 1.0), (1, 5.0), (0, 1.0), (2, 1.0)]):
        logits[row, taken_for] = sure
    parts = Parts(test, np.array([], np.int64), np.arange(6))
    chosen = choose_confusions(run.photos, parts, unit_rows(6), logits)
    first, second = chosen.pairs
    assert (first.count, first.whole, first.photos, set(first.alike)) == (2, 3, [1, 0], {3, 4})
    assert (second.count, second.whole, second.photos, second.alike) == (1, 1, [3], [5])
    page = confusion_page(run, chosen, run.shown(chosen.places)).content.decode()
    text = Page(page).text
    assert "the very category of 1 of 4 test photos (25.0%)" in text
    assert "All 2 kinds of mistakes are shown." in text
    assert "Home / Chairs → Home / Lamps 2 of 3 test photos of the category, 66.7%" in text
    check_accessible(page, BESIDE)


def test_only_the_most_frequent_confusions_are_shown(store: Store) -> None:
    things = [one_photo(n, "x", f"category {n:02}") for n in range(PAIRS + 2)]
    run = cleaned_run(store, things, files=1)
    every = np.arange(len(things))
    parts = Parts(every, np.array([], np.int64), every)
    logits = np.roll(np.eye(len(things), dtype=np.float32), 1, axis=1)
    chosen = choose_confusions(run.photos, parts, unit_rows(len(things)), logits)
    page = confusion_page(run, chosen, run.shown(chosen.places)).content.decode()
    assert f"Of {PAIRS + 2} kinds of mistakes, the {PAIRS} most frequent are shown." in page


def test_searches_leave_copies_out_and_mark_what_they_find(store: Store) -> None:
    things = [
        Thing([("a", "copies"), ("b", None)], "Oak chair"),
        Thing([("a2", "copies"), ("c", None)], "Stolen photo"),
        Thing([("d", None)], "Lamp", ("Home", "Lamps")),
    ]
    run = trained(cleaned_run(store, things, files=1), 3)
    angles = np.radians([0, 20, 10, 90, 180])  # the copy is between the two photos of the chair
    embeddings = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    chosen = choose_examples(run, embeddings)
    query = next(one for one in chosen.best if run.photos.image_ids[one.query] == "p0-0")
    found = [run.photos.image_ids[place] for place in query.nearest]
    assert found[0] == "p0-1"
    assert sorted(found) == ["p0-1", "p1-1", "p2-0"]
    shown = run.shown(chosen.places)
    page = examples_page(run, embeddings, chosen, shown).content.decode()
    text = Page(page).text
    assert "5 test photos were searched with among 5." in text
    assert "● same item similarity 0.94 Oak chair" in text
    assert "○ neither" in text
    check_accessible(page, BESIDE)


def test_without_siblings_searches_go_by_category(store: Store) -> None:
    run = trained(cleaned_run(store, [one_photo(n) for n in range(4)], files=1), 2)
    chosen = choose_examples(run, unit_rows(4))
    page = examples_page(run, unit_rows(4), chosen, run.shown(chosen.places)).content.decode()
    assert "No test listing has several photos" in page
    assert "100% on average" in Page(page).text


def test_hostile_texts_do_nothing_on_any_page(store: Store) -> None:
    things = [
        Thing([(f"{number}", "group"), (f"{number}x", None)], text, (text, "b"), text)
        for number, text in enumerate(HOSTILE)
    ]
    run = trained(cleaned_run(store, things, files=1), len(things))
    count = len(run.photos)
    embeddings = unit_rows(count)
    pages = [reposts(run)]
    examples = choose_examples(run, embeddings)
    pages.append(
        examples_page(run, embeddings, examples, run.shown(examples.places)).content.decode()
    )
    parts = run.parts
    logits = np.roll(np.eye(len(run.photos.categories), dtype=np.float32), 1, axis=1)
    confusions = choose_confusions(
        run.photos, parts, embeddings, logits[run.photos.labels[parts.test]]
    )
    pages.append(confusion_page(run, confusions, run.shown(confusions.places)).content.decode())
    for page in pages:
        check_harmless(page, BESIDE)
        check_accessible(page, BESIDE)


def test_a_run_that_is_only_cleaned_has_pages_and_says_why_others_are_not_there(
    store: Store, tmp_path: Path
) -> None:
    cleaned_run(store, [one_photo(n) for n in range(3)])
    found = job.run(store, RUN_ID, tmp_path / "out", Progress())
    there = {path.name for path in found.folder.iterdir()}
    assert there == {"index.html", "clean.html", "reposts.html", "explore.json"}
    page = found.index.read_text()
    text = Page(page).text
    assert "Listings kept 2 1 rejected" in text
    assert text.count("Left out:") == 5
    assert "This run has no finished train stage." in text
    check_harmless(page, there)
    check_accessible(page, {"clean.html", "reposts.html"})


def test_too_few_photos_make_no_map_and_nothing_held_out_no_searches(
    store: Store, tmp_path: Path
) -> None:
    run = trained(cleaned_run(store, [one_photo(n) for n in range(3)], files=1), 0)
    run.clean.sibling("embed").finish({"clean": run.done["clean"].digest}, {})
    found = job.run(store, RUN_ID, tmp_path / "out", Progress())
    text = Page(found.index.read_text()).text
    assert "The catalogue has 3 photos; a map says something from 10 on." in text
    assert text.count("No photo was held out for testing") == 2


def test_a_catalogue_of_which_nothing_was_kept_has_pages(store: Store, tmp_path: Path) -> None:
    cleaned_run(store, [], files=0)
    text = Page(job.run(store, RUN_ID, tmp_path / "out", Progress()).index.read_text()).text
    assert "Re-posted photos" in text


def test_a_run_that_is_not_cleaned_is_refused_before_anything_is_written(
    store: Store, tmp_path: Path
) -> None:
    with pytest.raises(JobError, match="has no finished clean stage"):
        job.run(store, RUN_ID, tmp_path / "out", Progress())
    assert not (tmp_path / "out").exists()


def test_figures_stand_beside_those_of_the_untrained_backbone(store: Store) -> None:
    run = cleaned_run(store, [one_photo(1)])
    counts = {
        "train": {"trained": {"sibling_recall_at_1": 0.91}, "untrained": {}},
        "index": {
            "plan": "Flat",
            "photos": 1000,
            "bytes_per_photo": 4016.0,
            "recall_at_10": 1.0,
            "p95_ms": 0.04,
        },
        "export": {"size_bytes": 5_200_000, "precision": "int8"},
    }
    done = {stage: replace(run.done["clean"], counts=own) for stage, own in counts.items()}
    shown = {one["title"]: one for one in figures(replace(run, done={**run.done, **done}))}
    assert shown["Finds the same item"]["big"] == "91.0%"
    assert shown["Finds the same item"]["says"].endswith("untrained backbone \u2013")
    assert shown["Index"]["big"] == "Flat, 4.0 MB"
    assert "Names the category" not in shown


def test_embeddings_of_other_photos_are_refused(store: Store) -> None:
    run = cleaned_run(store, [one_photo(n) for n in range(2)], files=1)
    embed = StageFolder(store, RUN_ID, "embed")
    row = {"product_id": "p", "pixel_sha256": "", "photo_sha256": "", "photo_bytes": 1}
    rows = [{**row, "image_id": name, "embedding": [1.0, 0.0]} for name in ("p1-0", "p0-0")]
    write_table(embed, "embeddings-0-00000.parquet", rows, embeddings_schema(2))
    embed.finish({}, {})
    with pytest.raises(JobError, match="Embed them again: marketplace-search embed"):
        run.embeddings(np.array([0]))
