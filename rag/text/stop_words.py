"""Words that occur in nearly every question and do not say which document answers it."""

from __future__ import annotations

_LIST = """
a an and are as at be been but by can did do does for from had has have how i if in into is it its
me my no not of on or our so than that the their them then there they this to us was we were what
when where which who why will with would you your
"""
STOP_WORDS = frozenset(_LIST.split())
