"""Reads reports as their consumers do: one JSON answer for all files.

Usage: reports.py HOW FILE...

schema SCHEMA FILE...  each file is one JSON document; answers {"file": [fault, ...]} by jsonschema, formats included
lines SCHEMA FILE...   as above for every line of each file; SCHEMA may end in #/definitions/NAME, as for `schema`
toml SCHEMA FILE...    as `schema`, of files in TOML
yaml SCHEMA FILE...    as `schema`, of files in YAML
junit FILE...          answers [[suite, [[case, classname, kind of result, its message, its text], ...]], ...] by junitparser
checkstyle FILE...     answers [[file, [[line, column, severity, source, message], ...]], ...] by xml.etree
markdown FILE...       answers {"tags": [...], "attributes": [...], "text": "..."} of what GitHub's own renderer makes of it
sarif FILE...          answers [[rule, [path, text after the first fix], ...], ...]: fixes as section 3.55 has them applied
"""

import html.parser
import json
import re
import sys
import urllib.parse
import xml.etree.ElementTree


def main(how, *files):
    print(json.dumps(HOWS[how](*files)))


def validator(schema):
    import jsonschema

    path, _, name = schema.partition("#")
    with open(path, encoding="utf-8") as file:
        whole = json.load(file)
    jsonschema.Draft7Validator.check_schema(whole)
    if name:
        whole = {**whole, "$ref": "#" + name}
    return jsonschema.Draft7Validator(whole, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)


def faults(schema, files, documents):
    check = validator(schema)
    return {
        file: ["/".join(map(str, fault.absolute_path)) + ": " + fault.message[:300] for one in documents(file) for fault in check.iter_errors(one)]
        for file in files
    }


def text(file):
    with open(file, encoding="utf-8", newline="") as handle:
        return handle.read()


def in_toml(file):
    import tomllib

    return [tomllib.loads(text(file))]


def in_yaml(file):
    import yaml

    return [yaml.safe_load(text(file))]


def junit(file):
    import junitparser

    suites = junitparser.JUnitXml.fromfile(file)
    found = []
    for suite in suites:
        cases = []
        for case in suite:
            results = case.result or [None]
            cases += [
                [case.name, case.classname, type(result).__name__, getattr(result, "message", None), getattr(result, "text", None)]
                for result in results
            ]
        assert suite.tests == len(cases), (suite.name, suite.tests, len(cases))
        found.append([suite.name, cases])
    assert suites.tests == sum(len(cases) for _, cases in found)
    return found


def checkstyle(file):
    root = xml.etree.ElementTree.parse(file).getroot()
    assert root.tag == "checkstyle" and root.attrib.keys() == {"version"}, root.attrib
    keys = ["line", "column", "severity", "source", "message"]
    return [[file.attrib["name"], [[error.get(key) for key in keys] for error in file]] for file in root]


def markdown(file):
    import cmarkgfm
    from cmarkgfm.cmark import Options

    found = {"tags": set(), "attributes": [], "text": ""}

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attributes):
            found["tags"].add(tag)
            found["attributes"] += attributes

        def handle_data(self, data):
            found["text"] += data

        def handle_comment(self, data):
            found["tags"].add("!--")

    # As much as the renderer can do: raw HTML is let through.
    Reader(convert_charrefs=True).feed(cmarkgfm.github_flavored_markdown_to_html(text(file), options=Options.CMARK_OPT_UNSAFE))
    return {**found, "tags": sorted(found["tags"])}


def offset(lines, line, column):
    """The number of characters before a place in UTF-16 code units."""
    before = lines[line - 1].encode("utf-16-le")[: 2 * (column - 1)].decode("utf-16-le") if line <= len(lines) else ""
    return sum(map(len, lines[: line - 1])) + len(before)


def sarif(file):
    with open(file, encoding="utf-8") as handle:
        run = json.load(handle)["runs"][0]
    assert run["columnKind"] == "utf16CodeUnits"
    found = []
    for result in run["results"]:
        after = []
        for change in result.get("fixes", [{"artifactChanges": []}])[0]["artifactChanges"]:
            path = urllib.parse.unquote(change["artifactLocation"]["uri"])
            whole = text(path)
            lines = re.findall(r"[^\n]*\n|[^\n]+", whole.removeprefix("\ufeff"))
            mark = len(whole) - len(whole.removeprefix("\ufeff"))
            cuts = []
            for replacement in change["replacements"]:
                region = replacement["deletedRegion"]
                start = offset(lines, region["startLine"], region["startColumn"]) + mark
                end = offset(lines, region["endLine"], region["endColumn"]) + mark
                cuts.append((start, end, replacement["insertedContent"]["text"]))
            for start, end, inserted in reversed(cuts):
                whole = whole[:start] + inserted + whole[end:]
            after.append([path, whole])
        found.append([result["ruleId"], after])
    return found


HOWS = {
    "schema": lambda schema, *files: faults(schema, files, lambda file: [json.loads(text(file))]),
    "lines": lambda schema, *files: faults(schema, files, lambda file: [json.loads(line) for line in text(file).split("\n")[:-1]]),
    "toml": lambda schema, *files: faults(schema, files, in_toml),
    "yaml": lambda schema, *files: faults(schema, files, in_yaml),
    "junit": lambda *files: [suite for file in files for suite in junit(file)],
    "checkstyle": lambda *files: [found for file in files for found in checkstyle(file)],
    "markdown": markdown,
    "sarif": sarif,
}

main(*sys.argv[1:])
