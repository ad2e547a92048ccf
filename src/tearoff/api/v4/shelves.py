"""`/v4/folders` and `/v4/categories`: what sorts campaigns."""

from __future__ import annotations

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v4 import campaign_shapes as shapes
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import Page
from tearoff.coupons.campaigns import folders
from tearoff.kit.db import Handle

SHELVES = "Folders and categories"


async def list_folders(call: Call, db: Handle) -> Page[shapes.Folder]:
    """All of them: an account has at most 1,000."""
    found = await folders.folders(db, call.account.id)
    return Page([shapes.show_folder(folder) for folder in found])


async def create_folder(call: Call, db: Handle) -> shapes.Folder:
    return shapes.show_folder(await folders.create_folder(db, call.account.id, call.given["name"]))


async def delete_folder(call: Call, db: Handle) -> None:
    await folders.delete_folder(db, call.account.id, call.given["id"])


async def list_categories(call: Call, db: Handle) -> Page[shapes.Category]:
    """All of them: an account has at most 1,000."""
    found = await folders.categories(db, call.account.id)
    return Page([shapes.show_category(category) for category in found])


async def create_category(call: Call, db: Handle) -> shapes.Category:
    made = await folders.create_category(
        db, call.account.id, call.given["name"], call.given.get("parent")
    )
    return shapes.show_category(made)


async def delete_category(call: Call, db: Handle) -> None:
    await folders.delete_category(db, call.account.id, call.given["id"])


_SHELF_NAME = f.text_field("name", f.required_text(100), "Its name.", "Autumn", required=True)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v4/folders",
        tag=SHELVES,
        right=Right.LOOK,
        summary="All folders, on one page.",
        act=list_folders,
        errors=(201,),
        answers={200: ("The folders.", Page[shapes.Folder])},
        example=Page([shapes.FOLDER]),
    ),
    Operation(
        method="POST",
        path="/v4/folders",
        tag=SHELVES,
        right=Right.EDIT,
        verb="folder.create",
        summary="Make a folder.",
        body=(_SHELF_NAME,),
        act=create_folder,
        errors=(200, 201, 300, 301, 409, 422, 516),
        answers={201: ("The folder.", shapes.Folder)},
        example=msgspec.structs.replace(shapes.FOLDER, campaigns=0),
    ),
    Operation(
        method="DELETE",
        path="/v4/folders/{id}",
        tag=SHELVES,
        right=Right.EDIT,
        verb="folder.remove",
        summary="Delete a folder; its campaigns stay, in no folder.",
        path_fields=(f.path_id("id", "fol", "Id of the folder.", 100001),),
        act=delete_folder,
        errors=(404, 409, 422, 515),
        answers={204: ("It is gone.", None)},
    ),
    Operation(
        method="GET",
        path="/v4/categories",
        tag=SHELVES,
        right=Right.LOOK,
        summary="All categories, on one page.",
        act=list_categories,
        errors=(201,),
        answers={200: ("The categories.", Page[shapes.Category])},
        example=Page([shapes.CATEGORY]),
    ),
    Operation(
        method="POST",
        path="/v4/categories",
        tag=SHELVES,
        right=Right.EDIT,
        verb="category.create",
        summary="Make a category, at the top or below another one; there are three levels.",
        body=(
            _SHELF_NAME,
            f.integer_field("parent", "Id of the category above it.", nullable=True),
        ),
        act=create_category,
        errors=(200, 201, 300, 301, 409, 422, 516, 521),
        answers={201: ("The category.", shapes.Category)},
        example=shapes.CATEGORY,
    ),
    Operation(
        method="DELETE",
        path="/v4/categories/{id}",
        tag=SHELVES,
        right=Right.EDIT,
        verb="category.remove",
        summary="Delete a category with those below it; its campaigns stay, in no category.",
        path_fields=(f.path_id("id", "cat", "Id of the category.", 100001),),
        act=delete_category,
        errors=(404, 409, 422, 521),
        answers={204: ("It is gone.", None)},
    ),
)  # fmt: skip
