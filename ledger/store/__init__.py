"""The database: entries and tree hashes that only grow, and tables derived from them.

The only room that imports SQLAlchemy. Nothing here judges; `ledger.ledger` asks the
rules. What losing each table costs is written in `schema`.
"""
