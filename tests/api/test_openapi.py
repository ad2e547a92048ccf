"""The OpenAPI document: it is valid, whole, and every example in it is so."""

from __future__ import annotations

import json
import re

import pytest

from tearoff.api.codes import CODES
from tearoff.api.openapi import make_document
from tests.cast import open_shop

DOCUMENT = json.loads(json.dumps(make_document()))
VERBS = ("get", "post", "patch", "delete", "put")
OPERATIONS = [
    (verb, path, operation)
    for path, verbs in DOCUMENT["paths"].items()
    for verb, operation in verbs.items()
    if verb in VERBS
]
NAMES = [f"{verb} {path}" for verb, path, _ in OPERATIONS]


def test_every_reference_leads_somewhere():
    text = json.dumps(DOCUMENT)
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        found = DOCUMENT
        for part in reference.split("/"):
            found = found[part]


def test_every_operation_is_told_once():
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(ids) == len(set(ids))
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    for _, _, operation in OPERATIONS:
        assert operation["summary"].endswith((".", "!"))
        assert set(operation["tags"]) <= tags
        for error in operation["x-errors"]:
            assert error["code"] in CODES


def test_every_error_that_the_program_tells_is_listed():
    from tearoff.api.v3.errors import _TABLE

    assert {code for _, code, _ in _TABLE.values()} <= set(CODES)


def test_every_kind_of_event_is_told():
    from tearoff.hooks.models import KINDS

    assert list(DOCUMENT["webhooks"]) == list(KINDS)


async def test_the_served_document_is_this_one(caller):
    served = await caller.request("GET", "/openapi.json")
    assert served.body == DOCUMENT
