"""The v3 dialect: one file per noun, `endpoint.py` what every call has in common,
`parameters.py` how values are read, `errors.py` the one table from our errors to numbers."""
