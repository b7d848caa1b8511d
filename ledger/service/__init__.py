"""What answers over HTTP: a witness of other ledgers' logs. Needs the extra `server`."""
