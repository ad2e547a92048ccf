"""The reference of the API, as pages."""
