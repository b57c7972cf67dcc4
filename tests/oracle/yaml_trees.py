"""What PyYAML makes of YAML texts: one JSON answer per line.

Usage: yaml_trees.py COUNT [FILE...]. Reads the files, and COUNT texts that are made here, the same in every run: values dumped in
all styles, lines with anchors, merge keys, tags and blocks, and both with a few characters exchanged. An answer is
{"text": TEXT, "trees": [TREE] or null, "scalars": [[FROM, TO]]}: null where PyYAML refuses the text; a tree is a text, a list, or an
object with the merge keys resolved; FROM and TO count characters, of scalars that are no blocks.
"""

import json
import random
import sys

import yaml

WORDS = [
    "a", "web", "yes", "null", "~", "1", "0x1f", "1e3", "12:30:45", "x: y", "- z", "#no", "a #b", "it's", 'say "hi"', "é\u00a0ü", "😀",
    "tab\there", "", " lead", "trail ", "two\nlines", "three\n\nlines\n", "\n", "  indented\nless", "$X ${Y:-d}", "%", "@at", "`tick`",
    "back\\slash", "{curly}", "[square]", "&anchor", "*alias", "!tag", "|", ">", "?", "a, b", "=", "<<", "long " * 30, "\x07\x1b",
]
LINES = [
    "a: 1", "b: &x {k: v, l: [1, 2]}", "c: *x", "<<: *x", "d: {<<: *x, k: w}", "e: |", "  text", "   more", "", "f: >-", "  folded",
    "  on", "g:", "  - one", "  - two", "- item", "- - nested", "  - k: v", "    l: w", "# comment", "h: x # comment", "i: !reset null",
    "j: !override", "  k: v", "l: 'single ''quoted'''", 'm: "double \\n \\x41 \\u00e9 \\', '  joined"', "n: plain", "   goes on", "---",
    "...", "? key", ": value", "o: [1,", "  2, ]", "p: {a: 1,", " b: 2}", "q: |2-", "    r", "s: >+", "<<: [*x, {z: 1}]", "\"t\": 'u'",
    "v: &y", "  - *x", "w: *y", "x:y", "url: http://a:80/b#c", "- &z last", "- *z", "k: %w", "%YAML 1.1", "  ", "\tk: v", "k:\tv",
]
ALPHABET = list(":-,[]{}#&*!|>'\"%@` \n\t?~\\<ax1\r")
STYLES = [None, '"', "'", "|", ">"]


def value(dice, depth):
    kind = dice.random()
    if depth == 0 or kind < 0.4:
        return dice.choice(WORDS)
    if kind < 0.65:
        return [value(dice, depth - 1) for _ in range(dice.randrange(4))]
    return {dice.choice(WORDS): value(dice, depth - 1) for _ in range(dice.randrange(4))}


def dumped(dice):
    return yaml.dump(
        value(dice, 4), default_style=dice.choice(STYLES), default_flow_style=dice.choice([None, True, False]),
        indent=dice.choice([2, 3, 4]), width=dice.choice([10, 30, 80]), allow_unicode=dice.random() < 0.5,
        explicit_start=dice.random() < 0.2, line_break=dice.choice(["\n", "\r\n"]),
    )


def lines(dice):
    return "\n".join(dice.choice(LINES) for _ in range(dice.randrange(1, 12))) + dice.choice(["", "\n"])


def mutated(dice, text):
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(text) + 1)
        text = text[:at] + dice.choice(ALPHABET + [""]) + text[at + dice.randrange(2):]
    return text


def texts(count):
    dice = random.Random(7)
    for number in range(count):
        text = dumped(dice) if number % 2 else lines(dice)
        yield mutated(dice, text) if number % 4 > 1 else text


class Reader(yaml.SafeLoader):
    """Resolves merge keys as Python programs have it."""


def tree(reader, node):
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [tree(reader, item) for item in node.value]
    reader.flatten_mapping(node)
    return {key.value: tree(reader, item) for key, item in node.value if isinstance(key, yaml.ScalarNode)}


def scalars(text):
    tokens = (token for token in yaml.scan(text, Loader=yaml.SafeLoader) if isinstance(token, yaml.ScalarToken))
    return sorted([token.start_mark.index, token.end_mark.index] for token in tokens if token.style not in ("|", ">"))


def answer(text):
    found = []
    try:
        reader = Reader(text)
        trees = []
        while reader.check_node():
            node = reader.get_node()
            trees.append(tree(reader, node))
        found = scalars(text)
    except (yaml.YAMLError, RecursionError, ValueError, AttributeError, TypeError, IndexError):
        trees = None
    return {"text": text, "trees": trees, "scalars": found}


def main():
    given = [open(path, encoding="utf-8", newline="").read() for path in sys.argv[2:]]
    for text in given + list(texts(int(sys.argv[1]))):
        print(json.dumps(answer(text)))


main()
