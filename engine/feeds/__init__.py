"""The way from the exchange into the shared candles: universe, streams, history, and the joint between them."""
