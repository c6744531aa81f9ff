"""The patterns by which the fields of a CSV file are read; they depend on its delimiter."""

import re
from functools import cache


class Syntax:
    """Patterns for text between delimiters, with and without quotes."""

    def __init__(self, delimiter: str) -> None:
        end = re.escape(delimiter)
        blank = "[ ]*" if delimiter == "\t" else r"[ \t]*"
        at_end = rf"(?={blank}(?:{end}|\Z))"
        at_line_end = rf"(?={blank}(?:{end}|\n|\Z))"

        def one_field(closes: str, pair: str = '""') -> re.Pattern[str]:
            # Quoted up to a quote that closes, with what follows it, or else bare.
            inside = f'(?P<quoted>(?:[^"]++|{pair}|(?!"{closes})")*+)'
            quoted = f'{blank}"{inside}"{closes}(?P<tail>[^{end}]*)'
            return re.compile(rf"(?:{quoted}|(?P<bare>[^{end}]*))(?P<end>{end}|\Z)")

        # How a field's end is known, best first: by the rules; a quote before a newline is text,
        # as in `"He said "hi"`; two quotes before a delimiter are an inch mark and the end, as in
        # `"pipe 12""`.
        self.fields = (
            one_field(at_line_end),
            one_field(at_end),
            one_field(at_line_end, f'""(?!{blank}(?:{end}|\\n|\\Z))'),
        )
        self.bare = re.compile(rf"(?P<quoted>(?!))?(?P<bare>[^{end}]*)(?P<end>{end}|\Z)")
        self.opening = re.compile(rf'(?:{end}|\A)(?={blank}")')
        self.quote = re.compile(rf'{blank}"')
        # The same line by line, where a quote may stay open.
        self.to_delimiter = re.compile(f"[^{end}]*")
        # By the rules, after a quote was opened: it is closed before a delimiter, or not yet.
        self.stays_quoted = re.compile(rf'(?:[^"]++|"")*+(?:"(?:{end}|\Z)|\Z)')
        self.to_close = re.compile(rf'(?:[^"]++|""|(?!"{at_end})")*+"[^{end}]*')


syntax_of = cache(Syntax)
