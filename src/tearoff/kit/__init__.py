"""The ground everything stands on: database, clock, codes, phone numbers, secrets, HTTP.

Nothing here knows what a coupon or an account is.
"""
