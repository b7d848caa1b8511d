"""Work where the ledger is not at hand: a copy of it, an outbox, and how both come home.

where the ledger is                          in the field
copy        entries and a checkpoint   -->   clone, update    follow: judged again, entry by entry
                                             outbox           what was signed and waits
inbox       a week in one transaction  <--   pack             one file (custody.outbox)
"""
