"""A drawn catalogue and a run of the whole way over it, made once for all tests that only read."""

import pytest
from drawn_catalogue import DrawnCatalogue, draw_catalogue
from whole_way import SmallRun, run_small


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> DrawnCatalogue:
    """Fourteen listings with three photos each."""
    return draw_catalogue(tmp_path_factory.mktemp("catalogue") / "drawn", listings=14)


@pytest.fixture(scope="session")
def small_run(catalogue: DrawnCatalogue, tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    """The whole way over the drawn catalogue, in a local store. Nobody writes into it."""
    return run_small(str(tmp_path_factory.mktemp("run") / "store"), catalogue.folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests have measured, in whatever process they ran."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "measured":
                terminalreporter.write_line(str(value))
