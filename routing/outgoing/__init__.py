"""Calls that leave the process: one guarded HTTP client, and what speaks through it."""
