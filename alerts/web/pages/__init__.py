"""The pages, one module for each group: a `router` with guarded routes, and what stands in
the navigation."""
