"""Pages of deals, one module a page."""
