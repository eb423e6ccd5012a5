"""The greatest lengths of texts, in characters, that hold before a pattern meets them.

Every pattern takes time linear in the length of its text; these bounds turn that into a bounded
time. What a caller sends beyond them is refused; what a document or a model writes is split or cut.
"""

from __future__ import annotations

# A question: a page of a log can be pasted, and the model reads far less than that.
MAX_QUESTION_CHARS = 10_000
# One turn of a conversation, such as an answer or a log that is pasted into a chat.
MAX_TURN_CHARS = 20_000
# All turns before a question. Topics come from the last few; clients send all of them.
MAX_HISTORY_CHARS = 200_000
# What a model may write: ten times the longest answer that the prompt asks for.
MAX_ANSWER_CHARS = 20_000
# One line of it. A longer one is read as several lines: no statement is that long.
MAX_ANSWER_LINE_CHARS = 4_000
# One sentence that is checked against its sources, and one sentence of a source.
MAX_STATEMENT_CHARS = 2_000
# The text of a chunk: several times what the embedding model reads and a context has room for.
# A block that is longer, such as a step or a line of a megabyte, becomes several chunks.
MAX_CHUNK_CHARS = 8_000
