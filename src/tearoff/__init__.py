"""Tearoff: digital coupons that a shop, an agency or a software team runs itself.

Start reading at `cli.py` (what an operator types), `app.py` (what a server is made of)
and `distribution/send.py` (the main job: text somebody a coupon).
"""

__version__ = "0.1.0"
