"""One frame: read, checked against its series, written. The order of keys is the exchange's, and no other is known here.

{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1,"s":"BTCUSDT","k":{"t":1,"T":2,"s":"BTCUSDT","i":"1m","f":1,"L":2,
"o":"1.0","c":"1.0","h":"1.0","l":"1.0","v":"1.0","n":1,"x":false,"q":"1.0","V":"1.0","Q":"1.0","B":"0"}}}
"""

from engine.scanner import record
from engine.scanner.decimals import any_integer, compiled, decimal, integer
from engine.scanner.primitives import buffer_of, byte_at, called, literal, store, store_double, word_at

_stream = literal(b'{"stream":"')
_event = literal(b'","data":{"e":"kline","E":')
_symbol = literal(b',"s":"')
_open_time = literal(b'","k":{"t":')
_close_time = literal(b',"T":')
_interval = literal(b'","i":"')
_first_trade = literal(b'","f":')
_last_trade = literal(b',"L":')
_open = literal(b',"o":"')
_close = literal(b'","c":"')
_high = literal(b'","h":"')
_low = literal(b'","l":"')
_volume = literal(b'","v":"')
_trades = literal(b'","n":')
_forming = literal(b',"x":false,"q":"')
_taker = literal(b'","V":"')
_taker_quote = literal(b'","Q":"')
_unused = literal(b'","B":"')
_finish = literal(b'"}}}')

_QUOTE, _BACKSLASH, _SPACE, _TILDE = ord('"'), ord("\\"), ord(" "), ord("~")
_HASH_START = record.HASH_START - (1 << 64)
_HASH_FACTOR = record.HASH_FACTOR
_HORIZON, _TAKEN = record.HORIZON_MS * 8, record.TAKEN * 8
_AS_STRING, _AS_BOOL = record.BYTES_AS_STRING_AND_SIZE * 8, record.BOOL_FROM_LONG * 8
_MASK, _INDEX, _RECORDS = record.INDEX_MASK * 8, record.INDEX_ADDRESS * 8, record.RECORDS_ADDRESS * 8
_EXPECTED, _EVENT = record.EXPECTED_MS * 8, record.EVENT_MS * 8
_SEQUENCE, _OPEN_TIME = record.SEQUENCE_ADDRESS * 8, record.OPEN_TIME_ADDRESS * 8
_VALUES, _NAME_BYTES, _NAME = record.VALUES_ADDRESS * 8, record.NAME_BYTES * 8, record.NAME * 8
_RECORD_BYTES = record.RECORD_WORDS * 8
_NAME_BYTES_MAX = record.NAME_BYTES_MAX


def call(context: int, payload: int) -> int:
    """What Python calls: a frame as bytes, True when it was taken. A TypeError for anything but bytes."""
    address, size = buffer_of(word_at(context + _AS_STRING), payload)
    if address == 0:
        return 0
    taken: int = called(word_at(context + _AS_BOOL), take(context, address, address + size))
    return taken


@compiled
def take(context: int, address: int, end: int) -> int:
    """1 when the frame was a bar that may be written, and is; else 0, and nothing has changed."""
    series, address = _find(context, _stream(address, end), end)
    event_ms, address = integer(_event(address, end), end)
    address = _text(_symbol(address, end), end)
    opened, address = integer(_open_time(address, end), end)
    if address == 0 or opened != word_at(series + _EXPECTED) or opened <= 0:
        return 0
    if event_ms < opened or event_ms < word_at(series + _EVENT) or event_ms > word_at(context + _HORIZON):
        return 0
    _, address = integer(_close_time(address, end), end)
    address = _text(_symbol(address, end), end)
    address = _text(_interval(address, end), end)
    address = any_integer(_first_trade(address, end), end)
    address = any_integer(_last_trade(address, end), end)
    open_, address = decimal(_open(address, end), end)
    close, address = decimal(_close(address, end), end)
    high, address = decimal(_high(address, end), end)
    low, address = decimal(_low(address, end), end)
    volume, address = decimal(_volume(address, end), end)
    trades, address = integer(_trades(address, end), end)
    quote, address = decimal(_forming(address, end), end)
    taker, address = decimal(_taker(address, end), end)
    taker_quote, address = decimal(_taker_quote(address, end), end)
    address = _finish(_text(_unused(address, end), end), end)
    if address != end or not (0.0 < low <= open_ <= high and low <= close <= high):
        return 0
    _write(series, opened, (open_, high, low, close), (volume, quote, float(trades), taker, taker_quote))
    store(series + _EVENT, event_ms)
    store(context + _TAKEN, word_at(context + _TAKEN) + 1)
    return 1


@compiled
def _write(series: int, opened: int, prices: tuple[float, ...], amounts: tuple[float, ...]) -> None:
    """The row, whose sequence number is odd meanwhile; as `engine.candles.rows` does it."""
    place = word_at(series + _SEQUENCE)
    values = word_at(series + _VALUES)
    sequence = word_at(place) | 1
    store(place, sequence)
    store(word_at(series + _OPEN_TIME), opened)
    store_double(values, prices[0])
    store_double(values + 8, prices[1])
    store_double(values + 16, prices[2])
    store_double(values + 24, prices[3])
    store_double(values + 32, amounts[0])
    store_double(values + 40, amounts[1])
    store_double(values + 48, amounts[2])
    store_double(values + 56, amounts[3])
    store_double(values + 64, amounts[4])
    store(place, sequence + 1)


@compiled
def _text(address: int, end: int) -> int:
    """The address of the quote that ends a plain string, or 0: no escapes and nothing beyond ASCII."""
    while address != 0 and address < end:
        byte = byte_at(address)
        if byte == _QUOTE:
            return address
        if byte < _SPACE or byte > _TILDE or byte == _BACKSLASH:
            return 0
        address += 1
    return 0


@compiled
def _find(context: int, address: int, end: int) -> tuple[int, int]:
    """(address of the record, of the quote after the name) of the stream whose name begins there; (0, 0) when none has it."""
    value = _HASH_START
    start = address
    while address != 0 and address < end:
        byte = byte_at(address)
        if byte == _QUOTE:
            series = _look_up(context, start, address - start, value)
            return series, address if series != 0 else 0
        value = (value ^ byte) * _HASH_FACTOR
        address += 1
    return 0, 0


@compiled
def _look_up(context: int, name: int, size: int, value: int) -> int:
    """The address of the record of that name, or 0; there is always a free place in the index, which ends the search."""
    mask = word_at(context + _MASK)
    index = word_at(context + _INDEX)
    place = (value ^ (value >> 32)) & mask
    while True:
        number = word_at(index + place * 8)
        if number == 0:
            return 0
        series: int = word_at(context + _RECORDS) + (number - 1) * _RECORD_BYTES
        if word_at(series + _NAME_BYTES) == size and _same(series + _NAME, name, size):
            return series
        place = (place + 1) & mask


@compiled
def _same(one: int, other: int, size: int) -> bool:
    for offset in range(size):  # noqa: SIM110 - there are no generators in machine code
        if byte_at(one + offset) != byte_at(other + offset):
            return False
    return True
