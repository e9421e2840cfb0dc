"""Every number of the dashboards, as selectors. A number and the rows behind it come from the same query."""
