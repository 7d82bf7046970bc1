"""How the tables look that the compiled reader works on: words of 8 bytes, by position. For both sides; imports nothing.

context   one per reader: what it may call, where its tables are, what it has counted
index     a power of two of words: 0, or the number of a record plus one; found by hash, then word by word
records   one per series: which bar may be written now, and where
"""

# --- context ---------------------------------------------------------------------------------------------------------

#: Frames whose event claims to be later than this are declined, in ms since the epoch.
HORIZON_MS = 0
#: How many frames were taken.
TAKEN = 1
#: Addresses of two functions of Python's stable interface.
BYTES_AS_STRING_AND_SIZE = 2
BOOL_FROM_LONG = 3
#: Number of words in the index, less one.
INDEX_MASK = 4
INDEX_ADDRESS = 5
RECORDS_ADDRESS = 6
CONTEXT_WORDS = 8

# --- a record --------------------------------------------------------------------------------------------------------

#: Open time of the bar that may be written, or SHUT.
EXPECTED_MS = 0
#: When the exchange sent the newest event.
EVENT_MS = 1
#: Addresses of the row: its sequence number, its open time, its nine values.
SEQUENCE_ADDRESS = 2
OPEN_TIME_ADDRESS = 3
VALUES_ADDRESS = 4
#: The stream's name: how many bytes, and the bytes.
NAME_BYTES = 5
NAME = 6
RECORD_WORDS = 12

NAME_BYTES_MAX = (RECORD_WORDS - NAME) * 8
#: No bar opens then.
SHUT = -1

# --- hash of a name: FNV-1a, 64 bits ---------------------------------------------------------------------------------

HASH_START = 0xCBF29CE484222325
HASH_FACTOR = 0x100000001B3


def name_hash(name: bytes) -> int:
    """The hash of a stream's name, folded so that its low bits may be used."""
    value = HASH_START
    for byte in name:
        value = ((value ^ byte) * HASH_FACTOR) & 0xFFFF_FFFF_FFFF_FFFF
    return value ^ (value >> 32)
