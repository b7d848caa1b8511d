"""The command `oretrail`: turns words into events and answers into words."""
