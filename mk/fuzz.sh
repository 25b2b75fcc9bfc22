#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs fuzz targets, as many at a time as there are processors, each from its corpus in tests/fuzz/corpus/NAME and from what it found
# before (BUILD-DIR/tests/corpus/NAME), and prints a table. A line ` * libFuzzer: OPTIONS` in a target's source gives it options.
#
# usage: fuzz.sh smoke BUILD-DIR SECONDS PROGRAM...        SECONDS in all, of every processor
#        fuzz.sh soak BUILD-DIR SECONDS RUNS PROGRAM...    each for SECONDS and for RUNS executions, whichever is later
#        fuzz.sh one BUILD-DIR SECONDS RUNS PROGRAM        one of them, without the table; 1 after a finding
#        fuzz.sh corpus BUILD-DIR PROGRAM...               what was found goes into tests/fuzz/corpus, the least that covers as much
set -eu

mode=$1 build=$2
shift 2
jobs=$(nproc)

stat() { # NAME FILE
    sed -n "s/^stat::$1: *//p" "$2" | tail -n 1
}

# One run of libFuzzer; its output is appended to the log.
fuzz() { # PROGRAM OPTION...
    program=$1 name=${1##*/}
    shift
    found=$build/tests/corpus/$name seeds=tests/fuzz/corpus/$name
    mkdir -p "$found" "$build/tests/crash"
    options=$(sed -n 's/^ \* libFuzzer: //p' "tests/fuzz/$name.c")
    [ ! -d "$seeds" ] || set -- "$@" "$seeds"
    # shellcheck disable=SC2086 # words are wanted
    "$program" -timeout=30 -rss_limit_mb=2048 -detect_leaks=0 -print_final_stats=1 -artifact_prefix="$build/tests/crash/$name-" \
        $options "$found" "$@"
}

fuzz_one() { # SECONDS RUNS PROGRAM
    name=${3##*/} start=$(date +%s) result=passed executed=0
    log=$build/tests/$name.log
    if fuzz "$3" -max_total_time="$1" >"$log" 2>&1; then
        executed=$(stat number_of_executed_units "$log")
        if [ "$executed" -lt "$2" ]; then
            fuzz "$3" -runs=$(($2 - executed)) >"$log.more" 2>&1 || result=FAILED
            more=$(stat number_of_executed_units "$log.more")
            executed=$((executed + ${more:-0}))
            cat "$log.more" >>"$log"
            rm -f "$log.more"
        fi
    else
        result=FAILED executed=$(stat number_of_executed_units "$log")
    fi
    seconds=$(($(date +%s) - start))
    [ "$seconds" -gt 0 ] || seconds=1
    reach=$(sed -n 's/.* cov: \([0-9]*\) ft: \([0-9]*\) corp: \([0-9]*\).*/\1 \2 \3/p' "$log" | tail -n 1)
    # shellcheck disable=SC2086
    printf '  %-20s %11s %8s %8s %7s %9s %7s  %s\n' "$name" "${executed:-0}" $((${executed:-0} / seconds)) "$seconds" ${reach:-0 0 0} "$result" \
        >"$build/tests/$name.result"
    if [ "$result" = FAILED ]; then
        tail -n 40 "$log"
        echo "fuzz: $name failed; the input is in $build/tests/crash/"
        return 1
    fi
}

fuzz_all() { # SECONDS RUNS PROGRAM...
    seconds=$1 runs=$2
    shift 2
    rm -f "$build"/tests/fuzz_*.result
    failed=0
    printf '%s\n' "$@" | xargs -P "$jobs" -I '{}' sh "$0" one "$build" "$seconds" "$runs" '{}' || failed=1
    printf '  %-20s %11s %8s %8s %7s %9s %7s\n' target executions a-second seconds edges features inputs
    cat "$build"/tests/fuzz_*.result
    passed=$(grep -c 'passed$' "$build"/tests/fuzz_*.result | awk -F: '{ total += $NF } END { print total }')
    echo "fuzz: $passed passed, $(($# - passed)) failed"
    return $failed
}

# The large ones first, at most 32: seeds that have a name of their own stay.
fuzz_corpus() { # PROGRAM
    name=${1##*/}
    merged=$build/tests/merged/$name seeds=tests/fuzz/corpus/$name
    rm -rf "$merged"
    mkdir -p "$merged" "$seeds"
    "$1" -set_cover_merge=1 "$merged" "$seeds" "$build/tests/corpus/$name" >"$build/tests/$name.merge" 2>&1
    find "$seeds" -type f -regextype posix-extended -regex '.*/[0-9a-f]{40}' -delete
    find "$merged" -type f -printf '%s %p\n' | sort -k 1,1rn -k 2 | head -n 32 | while read -r _ file; do cp "$file" "$seeds/"; done
    echo "  $name: $(find "$merged" -type f | wc -l) inputs cover what was found, $(find "$seeds" -type f | wc -l) are kept"
}

case $mode in
smoke)
    share=$(($1 * jobs / ($# - 1)))
    shift
    [ "$share" -gt 0 ] || share=1
    fuzz_all "$share" 0 "$@"
    ;;
soak) fuzz_all "$@" ;;
one) fuzz_one "$@" ;;
corpus) for program in "$@"; do fuzz_corpus "$program"; done ;;
esac
