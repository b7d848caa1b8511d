"""Answers that trust nothing but bytes: the auditor, its report, and the checks. Pure."""
