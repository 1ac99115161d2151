#!/usr/bin/env bash
# theory - the closed forms of scenarios/theory against the simulation, at the seeds in the files.
here=$(dirname "$0")
"$here/check.py"
checked=$?
"$here/run" && exit "$checked"
