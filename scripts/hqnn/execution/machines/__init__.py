"""Machines that run circuits: one interface, the providers behind it, and the ledger of what was sent."""
