"""The database backend: Django's PostgreSQL backend, with a guard at the one place where every cursor is made."""
