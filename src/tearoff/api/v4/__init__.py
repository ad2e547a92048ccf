"""Our own, newer dialect: REST verbs, bare JSON, integer ids, problem details, cursor pages.

One file per noun. Each operation is declared once (`operation.Operation`); `routes.py` serves
the declarations and `api/openapi` describes them.
"""
