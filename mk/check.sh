#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the unit tests and the command's tests under prove, side by side, then prints line coverage over hv/ above arch/.
# usage: check.sh BUILD-DIR "UNIT PROGRAMS" "TOOL TESTS"
set -eu
build=$1 programs=$2 scripts=$3
jobs=$(nproc)
failed=0
scripts_pid=

# The command's tests mostly wait for programs that they start: the unit tests use the processors meanwhile.
if [ -n "$scripts" ]; then
    # shellcheck disable=SC2086 # words are wanted
    ASHLAR=$build/tests/ashlar prove -j "$((jobs + 2))" --timer $scripts >"$build/tests/tool.out" 2>&1 &
    scripts_pid=$!
fi
if [ -n "$programs" ]; then
    rm -rf "$build/tests/profile"
    mkdir -p "$build/tests/profile"
    export LLVM_PROFILE_FILE="$build/tests/profile/%p.profraw" CMOCKA_MESSAGE_OUTPUT=TAP
    export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
    # shellcheck disable=SC2086
    prove -j "$jobs" --timer --failures --comments --exec '' $programs || failed=1
fi
if [ -n "$scripts_pid" ]; then
    wait "$scripts_pid" || failed=1
    cat "$build/tests/tool.out"
fi

if [ -n "$programs" ]; then
    llvm-profdata merge -sparse -o "$build/tests/profile.data" "$build/tests/profile/"*.profraw
    llvm-cov report "$build/tests/coverage-map" -instr-profile="$build/tests/profile.data" \
        -show-region-summary=false -show-branch-summary=false -ignore-filename-regex='(^|/)(pkg|arch|tests|mk|include)/' >"$build/tests/coverage.txt"
    awk '(/\.[ch] / && $5) || /^TOTAL/ { printf "  %-44s %6s of %6s lines  %s\n", $1, $5 - $6, $5, $7 }' "$build/tests/coverage.txt"
    awk '/^TOTAL/ { print "coverage of hv/ above arch/: " $7 " of lines" }' "$build/tests/coverage.txt"
fi
[ -n "$programs$scripts" ] || echo "check: no tests yet"
exit $failed
