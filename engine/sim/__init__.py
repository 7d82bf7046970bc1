"""The exchange simulator: a server that Binance clients cannot tell from the exchange, for market data.

    bars · grid · market          candles as arrays, the exchange's grids, what a source of candles must offer
    synthetic · courses · shapes · assets   a seeded market of its own        recorded   candles from a file
    split · tape · rolling        what can be seen of a market at an instant: history, forming bar, 24 hours
    clock · limits · timetable    pure decisions: time, weights and bans, what is due on which stream
    parameters · refusals · catalog · digits · messages      the dialect: questions, errors, answers
    rest · control · publisher · connection · server · run   the server
    faultkinds · faulttext · faults                what can go wrong on purpose, told, and whether it strikes: pure
    keeper · tampering · malformed · spoiling      what faults do to sockets, events, frames and replies
    altered · revisions                            what was changed about the market while it runs
    world · audit · steering                       what the parts share, what clients did, and the control endpoint

It trades nothing and keeps no order book. It is no part of the engine's process: it runs as a program of its own.
"""
