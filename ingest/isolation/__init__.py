"""Reads files in child processes with limits of time, memory and output.

A file is data from a stranger, and so is the state of whatever parsed it: what can crash, loop or
swell does so in a process that reads documents and nothing else.
"""
