#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs each fuzz target, built for coverage, once over its corpora and prints the lines that they reach in the files that it reaches at all.
# usage: fuzz-coverage.sh BUILD-DIR PROGRAM...
set -eu
build=$1
shift
for program in "$@"; do
    name=${program##*/}
    raw=$build/tests/cover/$name.profraw data=$build/tests/cover/$name.data
    mkdir -p "$build/tests/corpus/$name"
    set -- "$build/tests/corpus/$name"
    [ ! -d "tests/fuzz/corpus/$name" ] || set -- "$@" "tests/fuzz/corpus/$name"
    LLVM_PROFILE_FILE=$raw "$program" -runs=0 -artifact_prefix="$build/tests/cover/" "$@" >"$build/tests/cover/$name.log" 2>&1
    llvm-profdata merge -o "$data" "$raw"
    rm -f "$raw"
    echo "$name"
    llvm-cov report "$program" -instr-profile="$data" -show-region-summary=false -show-branch-summary=false \
        -ignore-filename-regex='(^|/)(pkg|arch|tests|mk|include|lib)/' |
        awk '/\.[ch] / && $5 > $6 { printf "  %-44s %6s of %6s lines  %s\n", $1, $5 - $6, $5, $7 }'
done
