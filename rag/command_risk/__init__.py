"""Classifies what shell commands and SQL do, by tables of programs and rules in code."""
