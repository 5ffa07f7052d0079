"""Circuits by name, and the program that every interpreter reads."""
