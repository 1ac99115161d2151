"""campaign - what reference, durability and swarm share: options, settings, rows, the program."""
import argparse
import csv
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "scenarios"


def options_of(documentation, runs, kind):
    """The options of a campaign: --runs where it has some by default, --jobs, --check, kinds."""
    parser = argparse.ArgumentParser(description=documentation.splitlines()[0])
    if runs:
        parser.add_argument("--runs", type=int, default=runs)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--check", action="store_true")
    parser.add_argument("kinds", nargs="*", metavar=kind)
    return parser.parse_args()


def program_of(campaign, variable, path, build):
    """The program to run, named by an environment variable or built; ends with 3 without one."""
    program = os.environ.get(variable, str(ROOT / "build" / path))
    if not os.access(program, os.X_OK):
        sys.stderr.write(f"{campaign}: no program at {program}; build {build} first\n")
        sys.exit(3)
    return program


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def split_settings(text):
    """Words at blanks that stand outside of brackets: `a=1 law=exp(mean=2 ms)`."""
    words, depth, word = [], 0, ""
    for letter in text:
        depth += (letter in "({[") - (letter in ")}]")
        if letter == " " and depth == 0:
            words += [word] if word else []
            word = ""
        else:
            word += letter
    return words + ([word] if word else [])


def say(good, what):
    """A line of --check, at once."""
    print(f"{'ok' if good else 'not ok'} - {what}", flush=True)
