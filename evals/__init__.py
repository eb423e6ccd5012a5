"""The eval suite: questions with known answers, scored on every change, and the gate over them."""
