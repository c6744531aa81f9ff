"""FaissSearch against brute force: ids, order, grouping by listing, filters, several segments."""

import itertools
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segments import listing, photo, segment, unit

from release.allowed import Allowed
from release.errors import QueryError, UnknownIdError
from release.faiss_search import FaissSearch, PhotoHit, Wanted
from release.filters import Filters, Mask, matching
from release.listings import Listing, Listings
from release.rows import Rows
from release.segment_writer import IndexedPhoto
from release.vector_index import Embeddings, VectorIndex

WIDTH = 4
ROUNDING = 1e-6
PATHS = (("Home", "Chairs"), ("Home", "Tables"), ("Home",), ("Clothes", "Chairs"))
PLACES = ("London", "LONDON", "Straße", "STRASSE", "")
# Few different directions, so that equal similarities are common.
vectors = st.lists(st.integers(-2, 2), min_size=WIDTH, max_size=WIDTH).filter(any)
prices = st.sampled_from([None, 0.0, 1.0, 9.99, 10.0])


@dataclass(frozen=True)
class Shop:
    """The rows that were written, and the search over them."""

    listings: dict[str, Listing]
    photos: list[IndexedPhoto]
    search: FaissSearch

    def similarities(self, query: list[int], filters: Filters | None = None) -> dict[str, float]:
        """By brute force: image id -> cosine, of the photos that the filters let through."""
        return {
            row.photo.image_id: float(row.embedding @ unit(query))
            for row in self.photos
            if filters is None or admits(filters, self.listings[row.photo.product_id])
        }

    def by_listing(self, similarities: dict[str, float], without: str | None) -> dict[str, float]:
        """Product id -> the cosine of its nearest photo."""
        best: dict[str, float] = {}
        for row in self.photos:
            product_id, image_id = row.photo.product_id, row.photo.image_id
            if image_id in similarities and product_id != without:
                best[product_id] = max(best.get(product_id, -2), similarities[image_id])
        return best


def admits(filters: Filters, found: Listing) -> bool:
    path = filters.category or ()
    return (
        found.category_path[: len(path)] == path
        and (
            filters.price_min is None
            or (found.price is not None and found.price >= filters.price_min)
        )
        and (
            filters.price_max is None
            or (found.price is not None and found.price <= filters.price_max)
        )
        and (filters.location is None or found.location.casefold() == filters.location.casefold())
    )


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    """One to three segments; listings with none to four photos."""
    listings: dict[str, Listing] = {}
    photos: list[IndexedPhoto] = []
    segments = []
    numbers = itertools.count()
    with tempfile.TemporaryDirectory() as folder:
        for place in range(draw(st.integers(1, 3))):
            first_listing, first_photo = len(listings), len(photos)
            for counts in draw(st.lists(st.integers(0, 4), min_size=1, max_size=5)):
                product_id = f"product-{next(numbers)}"
                listings[product_id] = listing(
                    product_id,
                    category_path=draw(st.sampled_from(PATHS)),
                    price=draw(prices),
                    location=draw(st.sampled_from(PLACES)),
                )
                photos += [
                    photo(f"image-{next(numbers)}", product_id, draw(vectors))
                    for _ in range(counts)
                ]
            if len(photos) == first_photo:
                photos.append(photo(f"image-{next(numbers)}", product_id, draw(vectors)))
            own = list(listings.values())[first_listing:]
            segments.append(segment(Path(folder) / str(place), own, photos[first_photo:]))
    return Shop(listings, photos, FaissSearch(segments))


filters_drawn = st.builds(
    Filters,
    category=st.none() | st.sampled_from([*PATHS, ("Chairs",), ("Home", "Chairs", "Oak"), ()]),
    price_min=prices,
    price_max=prices,
    location=st.none() | st.sampled_from([*PLACES, "Paris"]),
)


def check_nearest(found: list[tuple[str, float]], wanted: dict[str, float], k: int) -> None:
    """`found` are the k nearest of `wanted`, nearest first, whichever of equal ones at the end."""
    ids = [name for name, _ in found]
    assert len(ids) == len(set(ids)) == min(k, len(wanted))
    for name, similarity in found:
        assert similarity == pytest.approx(wanted[name], abs=ROUNDING)
    similarities = [similarity for _, similarity in found]
    assert similarities == sorted(similarities, reverse=True)
    if found:
        assert {
            name for name, similarity in wanted.items() if similarity > similarities[-1] + ROUNDING
        } <= set(ids)


@settings(deadline=None, max_examples=40)
@given(shops(), vectors, st.integers(1, 12), st.none() | filters_drawn)
def test_photos_are_the_nearest_that_match_and_as_many_as_asked_for(
    shop: Shop, query: list[int], k: int, filters: Filters | None
) -> None:
    (hits,) = shop.search.search_photos(query, k, filters)
    check_nearest(
        [(hit.photo.image_id, hit.similarity) for hit in hits],
        shop.similarities(query, filters),
        k,
    )
    product_of = {row.photo.image_id: row.photo.product_id for row in shop.photos}
    assert all(hit.photo.product_id == product_of[hit.photo.image_id] for hit in hits)
    order = [(-hit.similarity, hit.photo.image_id) for hit in hits]
    assert order == sorted(order)


@settings(deadline=None, max_examples=40)
@given(
    shops(),
    st.lists(vectors, min_size=1, max_size=3),
    st.integers(1, 8),
    st.none() | filters_drawn,
    st.booleans(),
)
def test_listings_are_the_nearest_that_match_and_as_many_as_asked_for(
    shop: Shop, queries: list[list[int]], k: int, filters: Filters | None, leave_out: bool
) -> None:
    without = next(iter(shop.listings)) if leave_out else None
    left_out = frozenset({without} if without else ())
    hits = shop.search.search_listings(queries, k, Wanted(filters, left_out))
    similarities: dict[str, float] = {}
    for query in queries:
        for image_id, similarity in shop.similarities(query, filters).items():
            similarities[image_id] = max(similarities.get(image_id, -2), similarity)
    check_nearest(
        [(hit.listing.product_id, hit.similarity) for hit in hits],
        shop.by_listing(similarities, without),
        k,
    )
    for hit in hits:
        assert hit.listing == shop.listings[hit.photo.product_id]
        assert similarities[hit.photo.image_id] == pytest.approx(hit.similarity, abs=ROUNDING)


@settings(deadline=None, max_examples=15)
@given(shops())
def test_every_photo_finds_itself_and_stands_with_its_own_vector(shop: Shop) -> None:
    for row in shop.photos:
        (hits,) = shop.search.search_photos(row.embedding, len(shop.photos))
        own = {hit.photo.image_id: hit.similarity for hit in hits}
        assert own[row.photo.image_id] == pytest.approx(1, abs=ROUNDING)
        assert shop.search.photo(row.photo.image_id) == row.photo
    for product_id, wanted in shop.listings.items():
        assert shop.search.listing(product_id) == wanted
        rows = [row for row in shop.photos if row.photo.product_id == product_id]
        if rows:
            rows.sort(key=lambda row: row.photo.image_id)
            found = shop.search.features_of(product_id)
            assert np.array_equal(found, [row.embedding for row in rows])
    assert shop.search.photo_count == len(shop.photos)
    assert shop.search.listing_count == len(shop.listings)


@pytest.fixture
def search(tmp_path: Path) -> FaissSearch:
    """Two segments: chairs a and b point to the east, table c to the north; bag d has no photo."""
    older = segment(
        tmp_path / "older",
        [listing("a"), listing("c", category_path=("Home", "Tables")), listing("d")],
        [photo("a-1", "a", [1, 0, 0, 0]), photo("c-1", "c", [0, 1, 0, 0])],
    )
    newer = segment(
        tmp_path / "newer",
        [listing("b")],
        [photo("b-2", "b", [1, 0, 0, 0]), photo("b-1", "b", [1, 0, 0, 0])],
    )
    return FaissSearch([older, newer])


def test_equal_embeddings_under_different_ids_all_come_back_in_the_order_of_their_ids(
    search: FaissSearch,
) -> None:
    assert search.search([1, 0, 0, 0], 10) == [["a-1", "b-1", "b-2", "c-1"]]
    assert search.search([1, 0, 0, 0], 10) == search.search([1, 0, 0, 0], 10)


def test_one_row_or_several_give_a_list_for_each(search: FaissSearch) -> None:
    east, north = [1, 0, 0, 0], [0, 1, 0, 0]
    assert search.search(np.array(east), 1) == [["a-1"]]
    assert search.search([east, north], 1) == [["a-1"], ["c-1"]]
    assert search.search(np.empty((0, WIDTH)), 1) == []


@pytest.mark.parametrize("length", [1e-300, 1e-30, 7, 1e30, 1e300])
def test_only_the_direction_counts(search: FaissSearch, length: float) -> None:
    query = np.array([3.0, 4.0, 0, 0])
    assert search.search_photos(query * length, 4) == search.search_photos(query, 4)


def test_similarity_is_the_cosine(search: FaissSearch) -> None:
    (hits,) = search.search_photos([3, 4, 0, 0], 4)
    assert [hit.similarity for hit in hits] == pytest.approx([0.8, 0.6, 0.6, 0.6])
    (opposite,) = search.search_photos([-1, 0, 0, 0], 4)
    assert [hit.similarity for hit in opposite] == pytest.approx([0, -1, -1, -1])


@pytest.mark.parametrize(
    ("features", "k", "message"),
    [
        ([1, 0, 0, 0], 0, "k is 0; it must be at least 1."),
        ([1, 0, 0, 0], -3, "k is -3; it must be at least 1."),
        ([1, 0, 0], 1, r"Features of shape \(n, 4\) or \(4,\) are needed, these are \(3,\)."),
        ([[[1, 0, 0, 0]]], 1, r"these are \(1, 1, 4\)"),
        ([], 1, r"these are \(0,\)"),
        (5, 1, r"these are \(\)"),
        ([0, 0, 0, 0], 1, "must be finite numbers and not all zero"),
        ([[1, 0, 0, 0], [0, 0, 0, 0]], 1, "not all zero"),
        ([1, 0, 0, float("nan")], 1, "must be finite numbers"),
        ([1, 0, 0, float("inf")], 1, "must be finite numbers"),
        ([[1, 0, 0, 0], [1]], 1, "Features must be numbers"),
        (["a", "b", "c", "d"], 1, "Features must be numbers"),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused(
    search: FaissSearch, features: object, k: int, message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        search.search(features, k)  # type: ignore[arg-type]


def test_unknown_ids_are_named(search: FaissSearch) -> None:
    with pytest.raises(UnknownIdError, match="There is no listing 'z' in this release"):
        search.listing("z")
    with pytest.raises(UnknownIdError, match="There is no listing 'z' in this release"):
        search.features_of("z")
    with pytest.raises(UnknownIdError, match="There is no photo 'z' in this release"):
        search.photo("z")
    with pytest.raises(UnknownIdError, match="Listing 'd' has no photo that can be searched"):
        search.features_of("d")


def test_a_listing_of_any_segment_is_found_by_its_id(search: FaissSearch) -> None:
    assert search.listing("b").product_id == "b"
    assert search.photo("b-2").product_id == "b"
    assert search.features_of("b").tolist() == [[1, 0, 0, 0]] * 2


def test_the_listing_left_out_is_replaced_by_the_next(search: FaissSearch) -> None:
    found = search.search_listings([1, 0, 0, 0], 2, Wanted(without=frozenset({"a"})))
    assert [hit.listing.product_id for hit in found] == ["b", "c"]


def test_a_listing_with_very_many_photos_does_not_hide_the_others(tmp_path: Path) -> None:
    crowd = [photo(f"crowd-{number}", "crowd", [100, number, 0, 0]) for number in range(300)]
    others = [photo(f"other-{number}", f"p{number}", [0, 1, 0, number]) for number in range(5)]
    listings = [listing("crowd"), *(listing(f"p{number}") for number in range(5))]
    search = FaissSearch([segment(tmp_path, listings, crowd + others)])
    found = search.search_listings([1, 0, 0, 0], 3)
    assert len({hit.listing.product_id for hit in found}) == 3
    assert found[0].listing.product_id == "crowd"


def test_a_filter_that_lets_one_of_very_many_through_finds_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [photo(f"i{n}", f"p{n}", rng.normal(size=WIDTH)) for n in range(2000)]
    listings = [listing(f"p{n}", price=float(n)) for n in range(2000)]
    search = FaissSearch([segment(tmp_path, listings, rows)])
    (hits,) = search.search_photos([1, 2, 3, 4], 5, Filters(price_min=1234, price_max=1234))
    assert [hit.photo.image_id for hit in hits] == ["i1234"]
    (many,) = search.search_photos([1, 2, 3, 4], 1500, Filters(price_min=500))
    assert len(many) == 1500


def test_segments_of_different_widths_are_refused(tmp_path: Path) -> None:
    four = segment(tmp_path / "4", [listing("a")], [photo("a-1", "a", [1, 0, 0, 0])])
    three = segment(tmp_path / "3", [listing("b")], [photo("b-1", "b", [1, 0, 0])])
    with pytest.raises(QueryError, match=r"Segments of one width are needed, these have \[3, 4\]"):
        FaissSearch([four, three])
    with pytest.raises(QueryError, match="Segments of one width"):
        FaissSearch([])


def test_many_threads_get_the_answers_that_one_gets(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = [photo(f"i{n}", f"p{n % 90}", rng.normal(size=WIDTH)) for n in range(400)]
    listings = [listing(f"p{n}", price=float(n)) for n in range(90)]
    search = FaissSearch([segment(tmp_path, listings, rows)])
    queries = [rng.normal(size=WIDTH) for _ in range(60)]

    def answer(query: np.ndarray) -> tuple[list[list[PhotoHit]], list[object]]:
        filters = Filters(price_min=20)
        return search.search_photos(query, 7, filters), [*search.search_listings(query, 7)]

    alone = [answer(query) for query in queries]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(answer, queries)) == alone


@pytest.mark.parametrize("count", [1, 2])
def test_filters_are_evaluated_once_for_each_segment_however_often_it_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    evaluated, rounds = [], []

    def counted(filters: Filters, rows: Rows, listings: Listings) -> Mask:
        evaluated.append(rows)
        return matching(filters, rows, listings)

    def asked(index: VectorIndex, queries: Embeddings, k: int, allowed: Allowed | None) -> object:
        rounds.append(allowed)
        return nearest(index, queries, k, allowed)

    nearest = VectorIndex.nearest
    monkeypatch.setattr("release.segment.matching", counted)
    monkeypatch.setattr(VectorIndex, "nearest", asked)
    # Of a crowd of equal photos a segment is asked again, and as they are of one listing, all are.
    segments = []
    for n in range(count):
        others = [f"other-{n}-{m}" for m in range(50)]
        crowd = [photo(f"crowd-{n}-{m}", f"crowd-{n}", [1, 0, 0, 0]) for m in range(50)]
        photos = crowd + [photo(name, name, [1, 1, 0, 0]) for name in others]
        listings = [listing(name) for name in (f"crowd-{n}", *others)]
        segments.append(segment(tmp_path / str(n), listings, photos))
    wanted = Wanted(Filters(words="title"))
    hits = FaissSearch(segments).search_listings([1, 0, 0, 0], count + 1, wanted)
    assert [hit.similarity for hit in hits[count - 1 :]] == pytest.approx([1, 0.5**0.5])
    assert len(evaluated) == count
    assert len(rounds) >= 4 * count
    assert len(set(map(id, rounds))) == count
