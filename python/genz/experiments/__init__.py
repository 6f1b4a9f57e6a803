"""Experiments whose figures are published: one module each, a function that returns a result.

`planted` finds features that were hidden in texts; `houses`, `movies`, `airbnb` and `windsor` read
real data sets that a user fetches (docs/experiments.md).
"""
