"""Deferred work: retries, schedules, look-ups and forwards, each a row that says when it is due."""
