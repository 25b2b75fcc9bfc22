#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Applies each known fault (tests/canaries/NN-name.patch) alone to a copy of the tree and expects the test that it names to fail.
#
# usage: run.sh [PATCH...]          from the top of the tree; without arguments all of them
#
# The first line of a patch is `# TEST: what is wrong`, TEST being a unit test's name (test_stage2), a fuzz target's (fuzz_vgic), which has
# 5 minutes from the committed corpus to find it, or the path of a .t file. A fault that
# its test does not see, a patch that does not apply or build any more, and a test that fails without a fault: each
# is a failure. The copy shares build/pkg and starts from what is built already.
set -euo pipefail

top=$PWD
scratch=build/canaries
tree=$scratch/tree
log=$scratch/log
passed=0
failed=0
declare -A sound # TEST -> yes or no: passes without a fault

patches=("$@")
((${#patches[@]} > 0)) || patches=(tests/canaries/*.patch)

copy_tree() {
    rm -rf "$tree"
    mkdir -p "$tree/build"
    git ls-files -z --cached --others --exclude-standard --deduplicate |
        while IFS= read -r -d "" file; do [[ ! -e $file ]] || printf '%s\0' "$file"; done |
        xargs -0 cp -a --parents -t "$tree"
    [[ ! -d build/pkg ]] || cp -al build/pkg "$tree/build/pkg"
    local part
    for part in host fuzz tests version.h hv hv.elf boot ashlar.efi bin guest tool; do
        [[ ! -e build/$part ]] || cp -a "build/$part" "$tree/build/"
    done
    # Not what earlier runs of the fuzz targets found.
    rm -rf "$tree/build/tests/corpus" "$tree/build/tests/crash"
}

# The fault is one of the tree, not of a repository around it.
apply() { GIT_CEILING_DIRECTORIES=$top/$scratch git -C "$tree" apply "$@"; }

test_build() { # TEST
    local targets=(all)
    case $1 in
    tests/qemu/*.t) targets=(all build/tests/expect) ;;
    *.t) ;;
    fuzz_*) targets=("build/tests/fuzz/$1") ;;
    *) targets=("build/tests/unit/$1") ;;
    esac
    make -C "$tree" --no-print-directory "${targets[@]}" >"$log" 2>&1
}

test_run() { # TEST SECONDS-TO-FUZZ
    rm -rf "$tree/build/tests/corpus"
    local seconds=300 command=("build/tests/unit/$1")
    case $1 in
    *.t) seconds=1200 command=(prove "$1") ;;
    fuzz_*) seconds=$(($2 + 60)) command=(sh mk/fuzz.sh one build "$2" 0 "build/tests/fuzz/$1") ;;
    esac
    (cd "$tree" && LLVM_PROFILE_FILE=/dev/null timeout -k 5 "$seconds" "${command[@]}" || exit 1) >"$log" 2>&1
}

verdict() { # PATCH-NAME TEXT
    if [[ $2 == "caught by "* ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    echo "$1: $2"
}

test_is_sound() { # TEST
    if [[ -z ${sound[$1]:-} ]]; then
        if test_build "$1" && test_run "$1" 10; then
            sound[$1]=yes
        else
            sound[$1]=no
            tail -n 20 "$log" >&2
        fi
    fi
    [[ ${sound[$1]} == yes ]]
}

run_patch() { # FILE
    local file=$1 name test
    name=$(basename "$file" .patch)
    test=$(sed -n '1s/^# \([^: ]*\): .*/\1/p' "$file")
    if [[ -z $test ]]; then
        verdict "$name" "its first line does not name a test"
    elif ! test_is_sound "$test"; then
        verdict "$name" "$test fails without the fault"
    elif ! apply "$top/$file" 2>"$log"; then
        verdict "$name" "does not apply: $(head -n 1 "$log")"
    else
        local start=0
        if ! test_build "$test"; then
            verdict "$name" "does not build: $(grep -m 1 'error' "$log" || true)"
        elif start=$SECONDS && test_run "$test" 300; then
            verdict "$name" "NOT CAUGHT by $test"
        else
            verdict "$name" "caught by $test in $((SECONDS - start)) s"
        fi
        apply --reverse "$top/$file"
    fi
}

copy_tree
for patch in "${patches[@]}"; do
    run_patch "$patch"
done
rm -rf "$tree"
echo "canaries: $passed passed, $failed failed"
((failed == 0))
