import pytest_asyncio

from tests.hooks.receiver import open_receiver


@pytest_asyncio.fixture
async def receiver():
    async with open_receiver() as receiver:
        yield receiver
