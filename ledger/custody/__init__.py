"""The books: who holds which lot, how much, of what, from where. Pure: no clock, no database."""
