"""Makes report.html out of the report: one page without scripts, which fetches nothing."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from batch_jobs.clean.ledger import Ledger
from batch_jobs.clean.report.plots import Bin, count_plot, price_plot
from batch_jobs.clean.report.shown import GROUPS, Report
from batch_jobs.clean.report.text import STATUS, environment
from batch_jobs.pages.text import number
from batch_jobs.stage import StageFolder

CURRENCIES_PLOTTED = 6
CURRENCIES_LISTED = 12  # after those
PHOTOS_PLOTTED = 10  # of a listing; the last bar is of those with as many or more
BINS_A_DECADE = 5
# Of prices: from a hundredth to a thousand millions. The first and the last bin have the rest.
EDGES = [10 ** (step / BINS_A_DECADE) for step in range(-2 * BINS_A_DECADE, 9 * BINS_A_DECADE + 1)]

Values = dict[str, Any]
_ACCOUNTS = {"listings": "Listings", "photo_rows": "Listed photos", "photo_files": "Photo files"}


def write_page(
    folder: StageFolder, report: Report, ledger: Ledger, thumbnails: Mapping[str, bytes]
) -> None:
    """Writes report.html. `thumbnails` are JPEG, by the path of the photo's file."""
    page = environment().get_template("report.html.j2")
    values = {
        "catalogue": report["catalogue"],
        "size": report["options"]["size"],
        "accounts": [_account(name, report[name]) for name in _ACCOUNTS],
        "listings": report["listings"],
        "listed_at": report["listed_at"],
        "rejects": {kind: _rejects(kind, report) for kind in report["rejects"]},
        "photos_left_out": _photos_left_out(report),
        "prices": _prices(report["prices"], ledger),
        "categories": report["categories"],
        "photos_per_listing": _photos_per_listing(report["photos_per_listing"]),
        "duplicates": report["duplicates"],
        "groups": report["duplicates"]["largest"][:GROUPS],
        "thumbnails": thumbnails,
    }
    folder.write("report.html", page.render(values).encode())


def _account(name: str, counts: Mapping[str, int]) -> Values:
    """What came in and what became of it; `missing` is what does not add up."""
    names = {"out": "kept", "rejected": "rejected", "duplicates_dropped": "duplicates dropped"}
    parts = {names[part]: counts[part] for part in names if part in counts}
    missing = counts["in"] - sum(parts.values())
    return {"name": _ACCOUNTS[name], "in": counts["in"], "parts": parts, "missing": missing}


def _rejects(kind: str, report: Report) -> list[Values]:
    """The reasons, the most frequent first; each with what its count is a share of."""
    found = []
    for reason, rejects in report["rejects"][kind].items():
        account = "listings" if kind == "listing" else "photo_rows"
        if reason == "unlisted_file":
            account = "photo_files"
        whole = {"of": _ACCOUNTS[account].lower(), "whole": report[account]["in"]}
        found.append({"reason": reason, **rejects, **whole})
    return sorted(found, key=lambda one: (-one["count"], one["reason"]))


def _photos_left_out(report: Report) -> Mapping[str, int]:
    """How the rejects of photos relate to the accounts."""
    counts = {reason: found["count"] for reason, found in report["rejects"]["photo"].items()}
    return {
        "all": sum(counts.values()),
        "rows": report["photo_rows"]["rejected"],
        "dropped": report["photo_rows"]["duplicates_dropped"],
        "unlisted": counts.get("unlisted_file", 0),
    }


def _prices(prices: Report, ledger: Ledger) -> Values:
    currencies = sorted(prices["ok"].items(), key=lambda item: (-item[1]["count"], item[0]))
    plotted = dict(currencies[:CURRENCIES_PLOTTED])
    bins = _bins(list(plotted), ledger)
    others = currencies[CURRENCIES_PLOTTED:]
    more = others[CURRENCIES_LISTED:]
    return {
        "status": sorted(prices["status"].items(), key=lambda item: _place(item[0])),
        "plots": [_plot(currency, ok, bins[currency]) for currency, ok in plotted.items()],
        "others": others[:CURRENCIES_LISTED],
        "more": {"currencies": len(more), "prices": sum(ok["count"] for _, ok in more)},
    }


def _place(status: str) -> int:
    return [*STATUS, status].index(status)


def _plot(currency: str, ok: Report, bins: list[Bin]) -> Values:
    heard = "Histogram of {} prices on a log scale: from {}, median {}, to {}.".format(
        *(number(ok[name]) for name in ("count", "least", "median", "most"))
    )
    return {"currency": currency, **ok, "plot": price_plot(bins, ok["median"], heard)}


def _bins(currencies: list[str], ledger: Ledger) -> dict[str, list[Bin]]:
    """The histogram of each currency, without empty bins at either end, a decade at least."""
    steps = " ".join(f"WHEN price < ? THEN {step}" for step in range(len(EDGES) - 2))
    query = (
        f"SELECT currency, CASE {steps} ELSE {len(EDGES) - 2} END, count(*) FROM listing "
        f"WHERE price_status = 'ok' AND currency IN ({', '.join('?' * len(currencies))}) "
        "GROUP BY 1, 2"
    )
    counts: dict[str, dict[int, int]] = defaultdict(dict)
    for currency, step, count in ledger.rows(query, (*EDGES[1:-1], *currencies)):
        counts[currency][step] = count
    return {currency: _filled(counts[currency]) for currency in currencies}


def _filled(counts: Mapping[int, int]) -> list[Bin]:
    first, last = min(counts), max(counts)
    while last - first < BINS_A_DECADE:
        first, last = max(first - 1, 0), min(last + 1, len(EDGES) - 2)
    return [
        Bin(EDGES[step], EDGES[step + 1], counts.get(step, 0)) for step in range(first, last + 1)
    ]


def _photos_per_listing(listings: Mapping[str, int]) -> Values | None:
    """None where there are no listings."""
    if not listings:
        return None
    last = min(max(map(int, listings)), PHOTOS_PLOTTED)
    names = [str(photos) for photos in range(last + 1)]
    names[PHOTOS_PLOTTED:] = [f"{PHOTOS_PLOTTED} or more"] * (last == PHOTOS_PLOTTED)
    bars = dict.fromkeys(names, 0)
    for photos, count in listings.items():
        bars[names[min(int(photos), last)]] += count
    heard = ", ".join(f"{number(count)} with {name}" for name, count in bars.items())
    total = sum(int(photos) * count for photos, count in listings.items())
    return {
        "plot": count_plot(bars, f"Listings by their number of photos: {heard}."),
        "mean": total / sum(listings.values()),
        "most": max(map(int, listings)),
    }
