#!/usr/bin/env python3
"""Is a JSON file what a schema of docs/schemas says?    schema_check.py SCHEMA.json FILE.json...

JSON Schema (2020-12), the words below and no others: a schema that uses another is refused, so that
nothing is believed to be checked that is not. Prints each fault with its place; exits 1 if there is one."""
import json
import sys

KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
ASIDE = {"$schema", "$id", "$defs", "title", "description"}


def is_kind(value, kind):
    if kind in ("number", "integer"):
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return isinstance(value, (int, float)) and not isinstance(value, bool) and (kind == "number" or whole)
    return isinstance(value, KINDS[kind])


class Checker:
    def __init__(self, root):
        self.root, self.faults = root, []

    def fault(self, at, text):
        self.faults.append(f"{at or '/'}: {text}")

    def check(self, value, schema, at=""):
        for word in schema:
            if word not in ASIDE:
                getattr(self, "on_" + word.strip("$"), self.unknown(word))(value, schema[word], schema, at)

    def unknown(self, word):
        def refuse(value, want, schema, at):
            raise SystemExit(f"schema_check.py: the schema uses \"{word}\", which is not understood")
        return refuse

    def on_ref(self, value, want, schema, at):
        target = self.root
        for part in want.removeprefix("#/").split("/"):
            target = target[part]
        self.check(value, target, at)

    def on_type(self, value, want, schema, at):
        kinds = want if isinstance(want, list) else [want]
        if not any(is_kind(value, k) for k in kinds):
            self.fault(at, f"{json.dumps(value)[:60]} is not of type {' or '.join(kinds)}")

    def on_enum(self, value, want, schema, at):
        if value not in want:
            self.fault(at, f"{json.dumps(value)[:60]} is none of {want}")

    def on_minimum(self, value, want, schema, at):
        if is_kind(value, "number") and value < want:
            self.fault(at, f"{value} is below {want}")

    def on_exclusiveMinimum(self, value, want, schema, at):
        if is_kind(value, "number") and value <= want:
            self.fault(at, f"{value} is not above {want}")

    def on_minItems(self, value, want, schema, at):
        if isinstance(value, list) and len(value) < want:
            self.fault(at, f"{len(value)} items, fewer than {want}")

    def on_minLength(self, value, want, schema, at):
        if isinstance(value, str) and len(value) < want:
            self.fault(at, f"\"{value}\" is shorter than {want}")

    def on_required(self, value, want, schema, at):
        for key in want if isinstance(value, dict) else []:
            if key not in value:
                self.fault(at, f"\"{key}\" is missing")

    def on_properties(self, value, want, schema, at):
        for key in value if isinstance(value, dict) else []:
            if key in want:
                self.check(value[key], want[key], f"{at}/{key}")

    def on_additionalProperties(self, value, want, schema, at):
        for key in value if isinstance(value, dict) else []:
            if want is False and key not in schema.get("properties", {}):
                self.fault(at, f"\"{key}\" is not known")

    def on_items(self, value, want, schema, at):
        for i, item in enumerate(value if isinstance(value, list) else []):
            self.check(item, want, f"{at}/{i}")


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        schema = json.load(f)
    bad = 0
    for file in sys.argv[2:]:
        checker = Checker(schema)
        with open(file, encoding="utf-8") as f:
            checker.check(json.load(f), schema)
        for fault in checker.faults:
            print(f"{file}: {fault}")
        bad += len(checker.faults)
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
