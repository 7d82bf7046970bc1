"""Format strings, which can name attributes."""

#: (body, construct that the refusal names)
REFUSED = [
    ("return '{0.__class__}'.format(five)", "format"),
    ("return '{0._memory}'.format(five)", "format"),
    ("return '{a}'.format_map({})", "format_map"),
    ("return str.format('{0.__class__}', five)", "str.format"),
    ("return format(five, '')", "format"),
    ("f = ''.format\n    return f(1)", "format"),
    ("return 'a'.encode()", "encode"),
    ("return 'a'.translate({})", "translate"),
    ("return str.maketrans('a', 'b')", "str.maketrans"),
    ("return 'a'.expandtabs(10 ** 9)", "expandtabs"),
    ("return string.Template('x')", "string"),
    ("return '%s' .__mod__(five)", "__mod__"),
]
