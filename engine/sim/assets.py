"""The symbols of the synthetic market: names that people know, with prices of the right order of magnitude.

Only names and magnitudes are borrowed; the courses are invented. Beyond the list, symbols get numbered names.
"""

from typing import Final

#: Base assets by rank of turnover, with the price in USDT around which they move.
ASSETS: Final[tuple[tuple[str, float], ...]] = (
    *(("BTC", 64_000.0), ("ETH", 3_100.0), ("SOL", 160.0), ("XRP", 0.62), ("BNB", 580.0), ("DOGE", 0.145), ("PEPE", 1.1e-5)),
    *(("ADA", 0.48), ("AVAX", 34.0), ("LINK", 15.2), ("SUI", 1.35), ("TRX", 0.13), ("LTC", 78.0), ("NEAR", 6.1), ("WIF", 2.4)),
    *(("DOT", 6.8), ("SHIB", 2.2e-5), ("FIL", 5.6), ("UNI", 8.3), ("APT", 8.9), ("ARB", 0.95), ("OP", 2.1), ("FET", 1.6)),
    *(("INJ", 24.0), ("ATOM", 7.9), ("ETC", 25.5), ("BCH", 440.0), ("AAVE", 96.0), ("TIA", 7.4), ("SEI", 0.46), ("RUNE", 5.2)),
    *(("ENA", 0.68), ("GALA", 0.037), ("ORDI", 38.0), ("WLD", 4.2), ("FTM", 0.66), ("STX", 1.9), ("IMX", 1.75), ("ICP", 10.4)),
    *(("HBAR", 0.088), ("MKR", 2_650.0), ("LDO", 1.85), ("GRT", 0.23), ("VET", 0.031), ("XLM", 0.102), ("ALGO", 0.165)),
    *(("CRV", 0.38), ("SAND", 0.41), ("MANA", 0.42), ("AXS", 6.7), ("THETA", 1.7), ("EGLD", 36.0), ("XTZ", 0.87), ("EOS", 0.72)),
    *(("FLOW", 0.81), ("CHZ", 0.105), ("DYDX", 1.65), ("ENS", 22.0), ("SNX", 2.35), ("COMP", 54.0), ("KAVA", 0.58)),
    *(("ZEC", 24.5), ("DASH", 28.0), ("NEO", 13.8), ("IOTA", 0.195), ("QTUM", 3.2), ("ZIL", 0.0205), ("BAT", 0.215)),
    *(("ENJ", 0.235), ("1INCH", 0.385), ("SUSHI", 0.92), ("YFI", 6_400.0), ("KSM", 25.0), ("CELO", 0.7), ("ANKR", 0.035)),
    *(("ROSE", 0.085), ("ONE", 0.0165), ("HOT", 0.0019), ("RVN", 0.0215), ("IOST", 0.0078), ("SKL", 0.062), ("STORJ", 0.49)),
    *(("OCEAN", 0.81), ("BAND", 1.35), ("COTI", 0.108), ("CTSI", 0.17), ("LRC", 0.235), ("RLC", 2.2), ("NKN", 0.097)),
    *(("CELR", 0.0185), ("DENT", 0.00108), ("SC", 0.0059), ("ICX", 0.185), ("ONT", 0.255), ("STMX", 0.0063), ("ARPA", 0.054)),
    *(("KNC", 0.57), ("REN", 0.052), ("DATA", 0.047), ("WAN", 0.21)),
)


def asset(rank: int) -> tuple[str, float]:
    """Name and price of the base asset of a rank, from 0."""
    if rank < len(ASSETS):
        return ASSETS[rank]
    return f"SIM{rank}", round(0.01 * 1.37 ** (rank % 29), 4)
