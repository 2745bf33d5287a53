"""Files in YAML that people write: plain data, or what is wrong with them and where."""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import yaml

from handslag.kernel.reading import MOST_DEEP

MOST_NODES: Final = 500_000
"""Values of a file, each as often as it is referred to."""
MOST_DIGITS: Final = 400
"""Of a number: an amount has twelve."""


class YamlError(ValueError):
    """It can't be read. `code`: syntax, deep, twice, day, digits, value; `line`: where (0: nobody can say).

    `told`: the key, day or value that it is about, or the fault in the reader's own words.
    """

    def __init__(self, code: str, line: int, told: str) -> None:
        words = {
            "syntax": f"not YAML: {told}",
            "deep": f"more than {MOST_DEEP} levels, or values that refer to others within themselves",
            "twice": f"{told} stands here twice",
            "day": f"there is no day {told}",
            "digits": f"a number of more than {MOST_DIGITS} digits",
            "value": f"{told} is no value that can be read",
        }
        super().__init__(f"line {line}: {words[code]}" if line else words[code])
        self.code, self.line, self.told = code, line, told


def shipped(path: Path | Traversable) -> Any:
    """The plain data of a file that comes with the product. By libyaml where PyYAML has it, ten times as fast: each
    process reads some dozen such files when it starts."""
    return yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def text_of(path: Path) -> str:
    """The text of a file, which is UTF-8; YamlError with the first line that isn't."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        told = f"byte {content[error.start]:02X} is no character of UTF-8, as which the file is to be saved"
        raise YamlError("syntax", line, told) from error


def read_yaml(text: str) -> Any:
    """The plain data of a file's text; YamlError."""
    return read_with_lines(text)[0]


def read_with_lines(text: str) -> tuple[Any, list[int]]:
    """The plain data of a file's text, and the line of each entry of the list that it is (else none); YamlError."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        data = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError("syntax", mark.line + 1 if mark else 0, error.problem or error.context or "") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError("syntax", line, f"there can't be a character U+{ord(text[error.position]):04X}") from error
    return data, loader.entries


@lru_cache(maxsize=1)
def _composed(text: str) -> Any:
    """The nodes of a text that can be read: composed once for all that is wrong in it, which may be in each entry."""
    return yaml.compose(text, Loader=yaml.SafeLoader)


def line_of(text: str, steps: Sequence[str]) -> int:
    """The line of a place such as `given`, `members`, `0`, in a text that can be read: of the last one there is."""
    node, line = _composed(text), 1
    for step in steps:
        inside: dict[str, tuple[Any, Any]] = {}
        if isinstance(node, yaml.MappingNode):
            inside = {key.value: (key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
        elif isinstance(node, yaml.SequenceNode) and step.isdecimal() and int(step) < len(node.value):
            inside = {step: (node.value[int(step)],) * 2}
        if step not in inside:
            break
        at, node = inside[step]
        line = at.start_mark.line + 1
    return line


class _Loader(yaml.SafeLoader):
    """Plain data, and no more of it than people write: no key twice, nothing endless."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._deep = self._nodes = self._open = 0
        self._sizes: dict[str, int] = {}
        self.entries: list[int] = []

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        line, before = event.start_mark.line + 1, self._nodes
        alias = isinstance(event, yaml.AliasEvent)
        anchor = None if alias else event.anchor
        self._deep += 1
        self._nodes += self._sizes.get(event.anchor, 1) if alias else 1
        if self._deep > MOST_DEEP or self._nodes > MOST_NODES or (alias and self._open):
            raise YamlError("deep", line, "")
        if self._deep == 2 and isinstance(parent, yaml.SequenceNode):
            self.entries.append(line)
        self._open += anchor is not None
        node = super().compose_node(parent, index)
        self._open -= anchor is not None
        if anchor is not None:
            self._sizes[anchor] = self._nodes - before
        self._deep -= 1
        return node

    def compose_mapping_node(self, anchor: Any) -> Any:
        node: Any = super().compose_mapping_node(anchor)
        seen: set[tuple[str, str]] = set()
        for key, _value in node.value:
            if isinstance(key, yaml.ScalarNode) and (key.tag, key.value) in seen:
                raise YamlError("twice", key.start_mark.line + 1, key.value[:60])
            if isinstance(key, yaml.ScalarNode):
                seen.add((key.tag, key.value))
        return node

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode) and node.tag in _NUMBERS and len(node.value) > MOST_DIGITS:
            raise YamlError("digits", line, "")
        if isinstance(node, yaml.ScalarNode) and node.tag in _NUMBERS and _OTHER_NUMBER.match(node.value):
            raise YamlError("value", line, node.value[:60])
        try:
            found = super().construct_object(node, deep)
            if isinstance(found, str) and _NO_TEXT.search(found):
                raise YamlError("value", line, ascii(found[:60]))
            return found
        except YamlError:
            raise
        except (ValueError, LookupError, ArithmeticError, AttributeError, TypeError) as error:
            told = str(node.value)[:60] if isinstance(node, yaml.ScalarNode) else ""
            day = re.fullmatch(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", told, re.ASCII)
            raise YamlError("day" if day else "value", line, told) from error


_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
_OTHER_NUMBER: Final = re.compile(r"[+-]?(0[0-9_]|[0-9][0-9_]*:)", re.ASCII)
"""What YAML reads as eights or sixties and people don't: 010 would be eight, 10:30 six hundred and thirty."""
_NUMBERS: Final = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
