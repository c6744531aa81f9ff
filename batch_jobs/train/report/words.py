"""How measures are called on the page, and what they say."""

from typing import NamedTuple


class Words(NamedTuple):
    """`term` is the field's name, `says` what a value of 100% would mean."""

    term: str
    says: str


MEASURES = {
    "sibling_recall_at_1": Words("sibling recall@1", "the nearest photo shows the same item"),
    "sibling_recall_at_5": Words("sibling recall@5", "one of the 5 nearest shows the same item"),
    "sibling_recall_at_10": Words("sibling recall@10", "one of the 10 nearest shows the same item"),
    "sibling_map_at_r": Words("sibling MAP@R", "all photos of the item come before any other"),
    "category_precision_at_10": Words(
        "category precision@10", "the 10 nearest are of the same category"
    ),
    "leaf_accuracy": Words("category accuracy", "the category is named right"),
    "leaf_accuracy_top5": Words(
        "category accuracy, top 5", "the category is among the first 5 guesses"
    ),
    "root_accuracy": Words("root accuracy", "the main category is named right"),
    "root_accuracy_top5": Words(
        "root accuracy, top 5", "the main category is among the first 5 guesses"
    ),
}
NETWORKS = {
    "trained": "trained",
    "untrained": "untrained backbone",
    "random_projection": "random projection of it",
}


class Headline(NamedTuple):
    """A measure as the first thing that is read. `says` goes on after the value."""

    title: str
    says: str


HEADLINES = {
    "sibling_recall_at_1": Headline(
        "Finds the same item", "of searches give another photo of the same item as the nearest."
    ),
    "category_precision_at_10": Headline(
        "Finds its kind", "of the ten nearest photos of other listings are of the same category."
    ),
    "leaf_accuracy": Headline("Names the category", "of photos are put in their very category."),
    "root_accuracy": Headline(
        "Names the main category", "of photos are put under the right root of the category tree."
    ),
}
PHASES = {
    "start": "before any training",
    "head": "the head alone, on frozen features",
    "whole": "the whole network",
}
RELIABILITY = {
    "category": Words("Category", "a category's probability"),
    "same_item": Words("Same item", "the probability that two photos show the same item"),
    "same_category": Words(
        "Same category", "the probability that two photos are of the same category"
    ),
}
