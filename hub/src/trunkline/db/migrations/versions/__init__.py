"""The revisions, numbered from 0001."""
