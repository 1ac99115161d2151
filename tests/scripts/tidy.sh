#!/usr/bin/env bash
# tidy - the style check finds what it promises to find, and says nothing of a clean tree.
set -u
cd "$(dirname "$0")/../.." || exit 3
place=$(mktemp -d) || exit 3
trap 'rm -rf "$place"' EXIT
failures=0

judge() { # judge CODE WHAT
    if [ "$1" -eq 0 ]; then
        echo "ok - $2"
    else
        echo "not ok - $2"
        failures=$((failures + 1))
    fi
}

fresh() { # a tree with two clean files
    rm -rf "$place/tree"
    mkdir -p "$place"/tree/{sim/base,sim/kernel,sim/engine,sim/scenario,models,reports,scripts}
    printf '// clean - a file without faults.\n#pragma once\n\nint clean_count(int number);\n' \
        >"$place/tree/sim/base/clean.h"
    printf '// up - a file of a higher floor.\n#pragma once\n' >"$place/tree/sim/engine/up.h"
}

finds() { # finds MESSAGE PATH TEXT: a tree with this file draws the message at it
    fresh
    printf '%b' "$3" >"$place/tree/$2"
    scripts/tidy "$place/tree" >"$place/said"
    [ $? -eq 1 ] && grep -F "$2" "$place/said" | grep -qF "$1"
    judge $? "finds: $1"
}

lines() { # lines COUNT: as many statements
    for ((i = 0; i < $1; i++)); do printf '    odd++;\\n'; done
}

body() { # body PARAMETERS STATEMENTS: a file with one function
    printf '// odd - odd.\\n#include "sim/base/clean.h"\\n\\nint odd_run(%s)\\n{\\n%s}\\n' "$1" "$2"
}

fresh
scripts/tidy "$place/tree" >"$place/said"
judge $? "a clean tree draws nothing"

c=sim/kernel/odd.c
finds "columns, at most 100" $c "// odd - $(printf '%0100d' 0)\n"
finds "the first line is not" $c "// even - wrong stem\n"
finds "is too long, in lines" $c "$(body void "$(lines 60)")"
finds "the file is too long" $c "// odd - long.\n$(printf '%600s' '' | sed 's/ /\\n/g')"
finds "too many parameters" $c "$(body 'int a, int b, int c, int d, int e, int f' '')"
finds "nests too deep" $c "$(body void "$(for i in 1 2 3 4; do printf '    if (1) {\\n'; done)
$(for i in 1 2 3 4; do printf '    }\\n'; done)")"
finds "calls itself" $c "$(body void '    odd_run();\n')"
finds "is banned" $c "$(body void '    sprintf(a, b);\n')"
finds "of libm" $c "$(body void '    double x = log(2.0);\n')"
finds "may not know" $c '// odd - odd.\n#include "sim/engine/up.h"\n'
finds "not a full path" $c '// odd - odd.\n#include "clean.h"\n'
finds "has one door" $c '// odd - odd.\n#include <gsl/gsl_cdf.h>\n'
finds "does not begin with" $c "// odd - odd.\nint even(void)\n{\n}\n"
finds "no typedef" $c "// odd - odd.\ntypedef struct odd odd_t;\n"
finds "a global that changes" $c "// odd - odd.\nstatic int count = 0;\n"
finds "a macro pastes names" $c "// odd - odd.\n#define JOIN(a, b) a##b\n"
finds "a path of one machine" $c "// odd - odd, in /""tmp/x\n"
finds "unfinished work" $c "// odd - odd. TO""DO\n"
finds "blanks at the end" $c "// odd - odd. \n"
finds "the step" models/odd.c "// odd - odd.\n\nstatic enum outcome go(struct visit *visit)\n{\n$(
    lines 13)}\n"

fresh
printf '%b' "$(body void "$(lines 70)")\n" >"$place/tree/$c"
echo "function $c:odd_run 73" >"$place/tree/scripts/tidy.ratchet"
scripts/tidy "$place/tree" >"$place/said"
judge $? "the ratchet tolerates what stands in it"
echo "function $c:odd_run 80" >"$place/tree/scripts/tidy.ratchet"
! scripts/tidy "$place/tree" >"$place/said" && grep -q "can shrink to 73" "$place/said"
judge $? "the ratchet must shrink with the code"
exit $((failures > 0))
