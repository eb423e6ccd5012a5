"""Every door to the engine: command line and HTTP, and the composition root behind them."""
