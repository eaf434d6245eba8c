"""The schema of the database as a chain of Alembic revisions, run at every start-up."""
