"""How the tests are shared out among the processes that run them.

Each test goes to whoever is free. Those that share a server of their own stay together, so that it
is started once; and what takes long begins first, so that nobody waits for it at the end.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    "tests/api/test_clients.py": "an application of their own",
    "tests/api/test_limits.py": "a strict server",
    "tests/api/test_long_lists.py": "a shop with 10,000 campaigns",
    "tests/api/test_statements.py": "a full shop",
    "tests/coupons/test_lists.py": "a campaign with 12,345 sessions",
    "tests/journeys/test_rootless.py": "which Python others can run",
    "tests/journeys/test_smpp.py": "the server of journeys",
    "tests/journeys/test_twilio.py": "the server of journeys",
    "tests/journeys/test_two_servers.py": "the server of journeys",
    "tests/providers/test_smpp_foreign.py": "the SMSC of others",
    "tests/providers/test_wire.py": "WireMock",
    "tests/test_cli_database.py": "databases that refuse",
    "tests/web/dashboard/test_every_page.py": "a server that speaks one language more, a full shop",
    "tests/web/dashboard/test_statements.py": "two full shops",
    "tests/web/paper/test_pseudo_language.py": "a server that speaks one language more",
    "tests/web/test_site.py": "the built documentation",
    "tests/web/save/test_wallets.py": "a server with wallets",
}
"""Files, and what their tests share."""


class Sharing(LoadScopeScheduling):
    """xdist's own groups (`--dist loadgroup`) need a pytest before 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER.get(nodeid.partition("::")[0], nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing | None:
    """None for whoever asked for another way with `--dist`."""
    return Sharing(config, log) if config.getvalue("dist") == "load" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Every process collects all tests, and all that makes stays: there is nothing to free yet."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first; then tests in a browser, which wait for half of their time, spread evenly
    among those that keep a processor busy. (pytest itself would put them all in a row.)"""
    long, browser, others = [], [], []
    for item in items:
        names = {marker.name for marker in item.iter_markers()}
        kind = long if names & {"kill", "long"} else browser if "browser" in names else others
        kind.append(item)
    # None begins among the last, where the other processes have nothing left to do beside it.
    places = {item: n / (len(browser) + 20) for n, item in enumerate(browser)}
    places |= {item: n / len(others) for n, item in enumerate(others)}
    items[:] = long + sorted(browser + others, key=places.__getitem__)
