"""Frames, code and tracebacks, by generators, exceptions and functions."""

#: (body, construct that the refusal names)
REFUSED = [
    ("return (x for x in [1]).gi_frame", "gi_frame"),
    ("return (x for x in [1]).gi_code", "gi_code"),
    ("return (x for x in [1]).gi_yieldfrom", "gi_yieldfrom"),
    ("return (x for x in [1]).send(None)", "send"),
    ("return (x for x in [1]).throw(ValueError)", "throw"),
    ("try: 1 / 0\n    except Exception as e: return e.tb_frame", "e.tb_frame"),
    ("try: 1 / 0\n    except Exception as e: return e.with_traceback(None)", "e.with_traceback"),
    ("try: 1 / 0\n    except Exception as e: return e.add_note('x')", "e.add_note"),
    ("try: 1 / 0\n    except Exception as e: return e.args", "e.args"),
    ("try: raise AttributeError\n    except AttributeError as e: return e.obj", "e.obj"),
    ("try: raise NameError\n    except NameError as e: return e.name", "e.name"),
    ("try: next(iter([]))\n    except StopIteration as e: return e.value", "e.value"),
    ("return check.func_globals", "check.func_globals"),
    ("return check.f_back", "check.f_back"),
    ("return five.mro()", "five.mro"),
    ("return int.mro", "int.mro"),
    ("return np.float64.mro()", "mro"),
]
