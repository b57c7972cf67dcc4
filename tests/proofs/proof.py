"""Reads proofs: `testdata/proofs/<rule>/<name>.toml` over the files of `testdata/proofs/common`.

In: the folder. Out: a `Proof` with its two variants, `bad` and `good`, whose files differ in what fills a few slots, and nothing else.
A slot is `@{name}`; what fills it may have slots itself. Starts nothing.
"""
import dataclasses
import pathlib
import re
import tomllib

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "testdata/proofs"
SLOT = re.compile(r"@\{([a-z_]+)\}")
# What fills the slots of the common files, unless a proof says otherwise; `stack.Stack` fills some more.
SLOTS = {
    "main": "", "connections": "512", "http": "", "upstream": "", "server": "", "location": "", "settings": "", "environment": "",
    "arguments": "", "app": "app:app", "requirements": "", "bind": "unix:@{dir}/app.sock", "backend": "@{bind}",
}
KEYS = {"shows", "because", "quick", "negative", "gunicorn", "needs", "launch", "ready", "environment", "nginx", "check", "box", "container",
        "alone", "private", "stack", "bad", "good", "files", "load", "seen"}


class Wrong(Exception):
    """A proof that cannot be read; the text says which and why."""


@dataclasses.dataclass
class Proof:
    rule: str
    name: str
    text: dict

    @property
    def title(self):
        return self.rule if self.name == "proof" else f"{self.rule}/{self.name}"

    @property
    def negative(self):
        """Whether it shows that a supposed hazard does not exist: the rule has to be silent on both variants."""
        return self.text.get("negative", False)

    def holds_for(self, version):
        """Whether the proof is about this version of gunicorn: `gunicorn = ">=22"`, or a list of them; nothing means all."""
        wanted = self.text.get("gunicorn")
        if wanted is None or version == "none":
            return True
        numbers = lambda text: tuple(int(part) for part in text.split("."))
        for condition in [wanted] if isinstance(wanted, str) else wanted:
            sign, number = re.fullmatch(r"(>=|<|)([\d.]+)", condition).groups()
            found, limit = numbers(version), numbers(number)
            if not {">=": found >= limit, "<": found < limit, "": found == limit}[sign]:
                return False
        return True

    def slots(self, variant, filled):
        """What fills the slots of a variant; one that only the other variant fills is empty."""
        others = {**self.text.get("bad", {}), **self.text.get("good", {})}
        if taken := filled.keys() & {*others, *self.text.get("stack", {})}:
            raise Wrong(f"{self.title}: the harness fills {', '.join(sorted(taken))} by itself")
        return {**SLOTS, **dict.fromkeys(others, ""), **self.text.get("stack", {}), **self.text.get(variant, {}), **filled}

    def files(self, variant, filled):
        """Path and text of each file of a variant; a file whose text is `false` is left out."""
        slots = self.slots(variant, filled)
        texts = {path.name: path.read_text() for path in (FOLDER / "common").iterdir() if path.is_file()}
        if filled["version"] == "none":
            texts.pop("requirements.txt")
        texts.update(self.text.get("files", {}))
        if self.text.get("nginx") is False:
            texts.pop("nginx.conf")
        return {fill(path, slots, self): fill(text, slots, self) for path, text in texts.items() if text is not False}

    def load(self, variant, filled):
        """The steps of the load with their slots filled."""
        slots = self.slots(variant, filled)
        return [{key: fill(value, slots, self) if isinstance(value, str) else value for key, value in step.items()}
                for step in self.text.get("load", [])]


def fill(text, slots, proof):
    """The text with its slots filled, as deep as they go."""
    for _ in range(8):
        if not SLOT.search(text):
            return re.sub(r"(?m)^[ \t]+\n", "", text)
        missing = set(SLOT.findall(text)) - slots.keys()
        if missing:
            raise Wrong(f"{proof.title}: nothing fills {', '.join(sorted(missing))}")
        text = SLOT.sub(lambda found: str(slots[found[1]]), text)
    raise Wrong(f"{proof.title}: slots fill each other without end")


def read(path):
    try:
        text = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise Wrong(f"{path}: {error}") from None
    unknown = text.keys() - KEYS
    if unknown or "shows" not in text or "seen" not in text:
        raise Wrong(f"{path}: has to have shows and seen, and knows no {', '.join(sorted(unknown)) or 'other keys'}")
    return Proof(path.parent.name, path.stem, text)


def proofs():
    """All proofs, by rule and name."""
    return [read(path) for path in sorted(FOLDER.glob("*/*.toml"))]
