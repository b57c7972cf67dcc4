"""Loads pairs of YAML texts, one JSON pair a line, and tells the paths at which they differ, one JSON list a line."""

import json
import sys

import yaml


class Loader(yaml.SafeLoader):
    pass


Loader.add_multi_constructor("!", lambda loader, suffix, node: [suffix, node.value if isinstance(node, yaml.ScalarNode) else None])


def differ(one, other, path, found):
    if isinstance(one, dict) and isinstance(other, dict):
        for key in list(one) + [key for key in other if key not in one]:
            if key in one and key in other:
                differ(one[key], other[key], path + [str(key)], found)
            else:
                found.append(path + [str(key)])
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other)):
            differ(left, right, path + [str(number)], found)
    elif type(one) is not type(other) or one != other:
        found.append(path + [repr(other)])


for line in sys.stdin:
    before, after = json.loads(line)
    found = []
    differ(list(yaml.load_all(before, Loader)), list(yaml.load_all(after, Loader)), [], found)
    print(json.dumps(found))
