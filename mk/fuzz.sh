#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs each fuzz target for its share of the time, from its corpus in tests/fuzz/corpus/NAME and what it found before.
# usage: fuzz.sh BUILD-DIR SECONDS PROGRAM...
set -eu
build=$1 seconds=$2
shift 2
[ $# -gt 0 ] || {
    echo "fuzz: no targets in tests/fuzz"
    exit 0
}
share=$((seconds / $#))
[ "$share" -gt 0 ] || share=1
passed=0 failed=0
for program in "$@"; do
    name=${program##*/}
    found=$build/tests/corpus/$name
    seeds=tests/fuzz/corpus/$name
    mkdir -p "$found" "$build/tests/crash"
    set -- "$found"
    [ ! -d "$seeds" ] || set -- "$@" "$seeds"
    printf '  %-8s %s (%s s)\n' FUZZ "$name" "$share"
    if "$program" -max_total_time="$share" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$build/tests/crash/$name-" \
        -print_final_stats=1 "$@" >"$build/tests/$name.log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        tail -n 40 "$build/tests/$name.log"
        echo "fuzz: $name failed; the input is in $build/tests/crash/"
    fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ]
