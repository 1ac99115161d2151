#!/usr/bin/env bash
# determinism - the same bytes of summary.json, results.h5 and every plot, however they were made.
#
# Compares $ORRERY -j1 with: -j2, a CPU without FMA and AVX2, and builds by gcc and clang, -O0 and
# -O3 -march=native. The scenarios and their options stand in tests/determinism.txt, or in the list
# that is named as the argument.
set -u
cd "$(dirname "$0")/.." || exit 3
program=${ORRERY:-$PWD/build/orrery}
place=$(mktemp -d) || exit 3
trap 'rm -rf "$place"' EXIT
failures=0

build_variant() { # build_variant NAME COMPILER FLAGS
    cmake -S . -B "build/$1" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_C_COMPILER="$2" \
        -DCMAKE_C_FLAGS="$3" >"build/log/$1.log" 2>&1 &&
        cmake --build "build/$1" --target orrery >>"build/log/$1.log" 2>&1
    judge $? "$1 builds"
    ! grep -q 'warning:' "build/log/$1.log"
    judge $? "$1 builds without a warning"
}

judge() { # judge CODE WHAT
    if [ "$1" -eq 0 ]; then
        echo "ok - $2"
    else
        echo "not ok - $2"
        failures=$((failures + 1))
    fi
}

# Runs a scenario into DIR and prints what must not differ; exit codes 0, 1 and 4 are results.
run_into() { # run_into DIR PROGRAM ARGUMENT...
    local dir=$1
    shift
    "$@" --no-progress -o "$dir" >"$place/log" 2>&1 </dev/null
    local code=$?
    case $code in
    0 | 1 | 4) ;;
    *) tail -n 5 "$place/log"; return 1 ;;
    esac
    [ -s "$dir/summary.json" ] && [ -s "$dir/results.h5" ]
}

same() { # same NAME REFERENCE OTHER
    local file code=0
    for file in summary.json results.h5 $(cd "$2" && ls -d plots/*.svg 2>/dev/null); do
        cmp -s "$2/$file" "$3/$file" || { echo "# $file differs"; code=1; }
    done
    judge $code "$1"
}

compare_variants() { # compare_variants SCENARIO OPTION...
    local reference=$place/reference other=$place/other name
    rm -rf "$reference"
    run_into "$reference" "$program" run "$@" -j1 || { judge 1 "$* runs"; return; }
    variant() { # variant NAME PROGRAM...
        rm -rf "$other"
        local name=$1
        shift
        run_into "$other" "$@" || { judge 1 "$scenario runs: $name"; return; }
        same "$scenario: same bytes with $name" "$reference" "$other"
    }
    variant "-j2" "$program" run "$@" -j2
    variant "no FMA, no AVX2" \
        env GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-AVX2 "$program" run "$@" -j1
    for name in gcc-O0 gcc-O3-native clang-O0 clang-O3-native; do
        variant "$name" "build/$name/orrery" run "$@" -j1
    done
}

mkdir -p build/log
build_variant gcc-O0 gcc -O0
build_variant gcc-O3-native gcc "-O3 -march=native"
build_variant clang-O0 clang -O0
build_variant clang-O3-native clang "-O3 -march=native"
while read -r scenario options; do
    case $scenario in "" | "#"*) continue ;; esac
    # shellcheck disable=SC2086 # options are words
    compare_variants "$scenario" $options
done <"${1:-tests/determinism.txt}"
exit $((failures > 0))
