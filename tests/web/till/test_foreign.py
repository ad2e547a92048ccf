"""A device is paired by the page that its link shows, not by another site's form."""

from __future__ import annotations

import pytest

from tearoff.accounts import devices
from tearoff.kit import clock


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
     {"origin": "https://evil.example"}, {"origin": "null"}],
)  # fmt: skip
async def test_a_form_of_another_site_pairs_nothing(services, shop, http, server, headers):
    made = await devices.make_pairing(services.db, shop.account, shop.location, clock.now())
    url, form = f"{server.url}/till/pair/{made.token}", {"name": "Sam", "pin": "2468"}
    async with http.post(url, data=form, headers=headers, allow_redirects=False) as refused:
        assert refused.status == 403
        assert "Another site asked for it" in await refused.text()
        assert "set-cookie" not in refused.headers
    own = {"origin": server.url}
    async with http.post(url, data=form, headers=own, allow_redirects=False) as done:
        assert done.status == 303
