"""The dialect of Binance Spot: how streams are named, frames and rows are read, limits are kept, errors are understood."""
