"""All that a book holds, to be compared with itself later."""

import copy
from collections.abc import Mapping

from keeper.domain.venue import Book


def contents_of(book: Book) -> Mapping[str, object]:
    """By attribute; what is a mapping, a journal for example, without how it is undone."""
    return {name: copy.deepcopy(dict(value) if isinstance(value, Mapping) else value) for name, value in vars(book).items()}
