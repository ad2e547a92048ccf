"""The coupon: campaigns, the sessions made from them (one person's copy each), and taking a
session in exactly once.

A session changes by one guarded UPDATE whose row count says who won; its event row is
written by the same statement.
"""
