"""From numba's intermediate code to one piece of machine code that needs nothing around it and runs wherever it is put.

For any x86-64 processor, so that the file may be kept, copied, or made when an image is built. What refers to anything
outside (a function of numba's runtime, of libc) is refused: the code is to be exactly what `frame` says.
"""

import struct
from typing import Any, NamedTuple

import numba
from llvmlite import binding
from numba import types

from engine.scanner import frame
from engine.scanner.decimals import OPTIONS
from engine.scanner.image import Image, ScannerError

_TRIPLE = "x86_64-unknown-linux-gnu"
#: The entry has the calling convention of C and returns what the function found; ours cannot raise, so no status is looked at.
_ENTRY = """
define i64 @entry(i64 %context, i64 %payload) {{
  %result = alloca i64
  %error = alloca ptr
  %status = call i32 @"{name}"(ptr %result, ptr %error, i64 %context, i64 %payload)
  %value = load i64, ptr %result
  ret i64 %value
}}
"""

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QIIq")
_SYMBOLS, _RELOCATIONS, _ALLOCATED = 2, 4, 0x2
#: The two kinds that are an offset from the place itself: R_X86_64_PC32 and R_X86_64_PLT32 (System V psABI, 4.4).
_RELATIVE = (2, 4)


class _Part(NamedTuple):
    """A section of an object file."""

    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


def compiled_image() -> Image:
    """Compile the scanner (about 2 s); raises ScannerError when the result would need anything outside itself."""
    call: Any = numba.njit((types.int64, types.int64), **OPTIONS)(frame.call)
    (signature,) = call.signatures
    name = call.overloads[signature].fndesc.llvm_func_name
    code = call.inspect_llvm(signature) + _ENTRY.format(name=name)
    return linked(_object_file(code))


def _object_file(code: str) -> bytes:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_triple(_TRIPLE).create_target_machine("x86-64", "", 3, "pic", "small")
    module = binding.parse_assembly(code)
    for thing in (*module.functions, *module.global_variables):
        # What nobody outside can call may be put into its caller, or left out.
        if not thing.is_declaration and thing.name != "entry":
            thing.linkage = "internal"
    passes = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(module, passes)
    return bytes(machine.emit_object(module))


def linked(file: bytes) -> Image:
    """The code of an ELF object, its sections side by side; raises ScannerError when they refer to anything else."""
    header = _HEADER.unpack_from(file)
    start, count = header[6], header[12]
    parts = [_Part(*_SECTION.unpack_from(file, start + number * _SECTION.size)) for number in range(count)]
    symbols = next(part for part in parts if part.kind == _SYMBOLS)
    names = parts[header[13]]
    places: dict[int, int] = {}
    code = bytearray()
    for number, part in enumerate(parts):
        name = file[names.offset + part.name :].split(b"\0", 1)[0]
        if part.flags & _ALLOCATED and name.startswith((b".text", b".rodata")) and part.size:
            code.extend(b"\0" * (-len(code) % 64))
            places[number] = len(code)
            code.extend(file[part.offset : part.offset + part.size])
    for part in parts:
        if part.kind == _RELOCATIONS and part.info in places:
            _relocate(code, file, part, symbols, places)
    return Image(bytes(code), _entry(file, symbols, parts, places))


def _relocate(code: bytearray, file: bytes, part: _Part, symbols: _Part, places: dict[int, int]) -> None:
    for at in range(part.offset, part.offset + part.size, _RELOCATION.size):
        offset, kind, symbol, addend = _RELOCATION.unpack_from(file, at)
        _, _, _, section, value, _ = _SYMBOL.unpack_from(file, symbols.offset + symbol * _SYMBOL.size)
        if kind not in _RELATIVE or section not in places:
            raise ScannerError(f"compiled code refers to something outside itself: relocation of kind {kind}")
        place = places[part.info] + offset
        struct.pack_into("<i", code, place, places[section] + value + addend - place)


def _entry(file: bytes, symbols: _Part, parts: list[_Part], places: dict[int, int]) -> int:
    names = parts[symbols.link]
    for at in range(symbols.offset, symbols.offset + symbols.size, _SYMBOL.size):
        name, _, _, section, value, _ = _SYMBOL.unpack_from(file, at)
        if file[names.offset + name :].startswith(b"entry\0") and section in places:
            return places[section] + int(value)
    raise ScannerError("compiled code has no entry")
