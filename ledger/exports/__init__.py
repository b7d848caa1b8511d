"""Exports: one file per format, found by the package itself; each renders, none judges."""
