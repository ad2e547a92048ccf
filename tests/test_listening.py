"""What the tests' own servers promise: whoever comes while one closes is no fault of a test."""

import asyncio
import gc
import socket
import warnings

import pytest
from aiohttp import web

from tests.listening import listening


@pytest.mark.parametrize("rounds", range(8))
async def test_nobody_who_comes_at_the_end_is_left_behind(rounds):
    """Closed so many rounds of the loop after somebody came."""

    async def answer(request):
        return web.Response()

    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        async with listening(web.ServerRunner(web.Server(answer))) as port:
            with socket.create_connection(("127.0.0.1", port)):
                for _ in range(rounds):
                    await asyncio.sleep(0)
        gc.collect()
    assert [str(one.message) for one in left] == []
