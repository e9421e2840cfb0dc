"""What each dashboard shows, put together from the metrics for its template."""
