"""People's text on its way into chats: no markup, no call to everybody. Pure.

Each chat has its own escapes, and one's escape is another's visible rubbish. Signs that look alike are read the same
everywhere and mean nothing anywhere.
"""

import re
import unicodedata

_GAP = "\u200b"  # a space of no width: ends what a chat would read as one word
_ALIKE = str.maketrans({"<": "‹", ">": "›", "`": "ˋ", "*": "∗", "~": "∼", "|": "¦", "[": "⟦", "]": "⟧", "\\": "∖"})
# behind a letter it is an e-mail, unless it calls: some chats find "@everyone" in the middle of anything
_MENTION = re.compile(
    r"(?<![^\W_])([@＠])(?=\w)|([@＠])(?=everyone|here|(?:channel|all|team|room|online)(?![^\W_]))", re.I
)
_LINK = re.compile(r"(?<=\w):(?=//)")
_UNDERSCORE = re.compile(r"(?<![^\W_])_+(?=\S)|(?<=\S)_+(?![^\W_])")
_HEAD = re.compile(r"^([#>\-+=]+|\d+\.)(?=\s|$)")


def plain(text: str, limit: int = 300) -> str:
    """One line of at most ``limit`` characters in which nothing is markup, a mention or a link."""
    kept = "".join(" " if char.isspace() else char for char in text if char.isspace() or _shown(char))
    said = " ".join(kept.split())[:limit].translate(_ALIKE)
    said = _MENTION.sub(lambda found: found[0] + _GAP, said)
    said = _LINK.sub(":" + _GAP, said)
    said = _UNDERSCORE.sub(lambda found: "＿" * len(found[0]), said)
    return _HEAD.sub(lambda found: _GAP + found[0], said)


def _shown(char: str) -> bool:
    """Neither a control character nor one that turns the direction of reading or hides."""
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn") or char == "\u200d"
