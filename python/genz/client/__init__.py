"""Asking an endpoint: one logical request at a time, whatever the question is about."""
