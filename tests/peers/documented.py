"""The code blocks of docs/history-files.md, to be run as they stand there."""

import pathlib
import re

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "history-files.md"


def documented(language, start):
    """The first code block of a language that begins like this."""
    blocks = re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return next(block for block in blocks if block.startswith(start))
