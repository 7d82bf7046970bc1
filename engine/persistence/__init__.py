"""The one door to Postgres: an embedded server, connections, migrations, statements, the writer of signals."""
