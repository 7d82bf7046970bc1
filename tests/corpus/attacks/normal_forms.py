"""Compatibility characters, which the parser turns into plain ones (NFKC)."""

#: (body, construct that the refusal names)
REFUSED = [
    ("return ().__ｃlass__", "__class__"),
    ("return ()._＿class__", "__class__"),
    ("return ()．__class__", "return ()．__class__"),
    ("return ｏｐｅｎ('/etc/passwd')", "open"),
    ("return ｅｖａｌ('1')", "eval"),
    ("return ﹎﹎import__('os')", "return ﹎﹎import__('os')"),
    ("return np.ｍｅｍｍａｐ", "np.memmap"),
    ("return ().__𝒸𝓁𝒶𝓈𝓈__", "__class__"),
    ("return five.𝓫𝓪𝓼𝓮", "five.base"),
    ("return ＿x", "return ＿x"),
    ("return ˍ_import__('os')", "ˍ_import__"),
    ("return ﬁve.ﬂags", "five.flags"),
    ("return ᵍlobals()", "globals"),
    ("return close.ᶠlags", "close.flags"),
    ("return np.ⓛoad", "return np.ⓛoad"),
]
