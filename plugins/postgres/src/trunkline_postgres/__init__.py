"""Trunkline on PostgreSQL: several hubs on one database server."""
