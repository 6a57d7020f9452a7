"""Pictures of the pages for the documentation, of the demo's data."""
