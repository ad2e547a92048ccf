import aiohttp
import pytest_asyncio

from tests.api.caller import Caller


@pytest_asyncio.fixture(scope="session")
async def http():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=300)) as session:
        yield session


@pytest_asyncio.fixture
async def caller(http, server, shop):
    return Caller(http, server.url, shop)


@pytest_asyncio.fixture
async def other_caller(http, server, other_shop):
    return Caller(http, server.url, other_shop)
