"""What is wrong with the documents themselves: one module a rule or a small group of rules."""
