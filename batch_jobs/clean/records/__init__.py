"""The records of tables, however broken."""
