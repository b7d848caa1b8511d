"""A ledger for mineral chain of custody: every hand-over signed, every gram accounted for."""
