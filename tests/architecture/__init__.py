"""Pictures of the architecture, drawn from the code: `python -m tests.architecture` draws them anew
into docs/pictures, and a test holds that nobody forgot."""
