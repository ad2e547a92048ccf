"""What people see who run coupons: one file for each screen, thin over the operations of v4.

A screen reads a form by the fields that an operation of v4 declares, calls that operation as the
person who is signed in, and prints what it gives. Who may call it says `accounts/rights.py`.
`visit.py` opens a request, `forms.py` reads forms, `saying.py` says what is wrong,
`pages.py` prints, `routes.py` lists all screens.
"""
