#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The examples can be used, and fit the machine that `ashlar run` gives them.
# shellcheck source=tests/tool/lib.sh
. "$(dirname "$0")/lib.sh"
tree=$(cd "$here/../.." && pwd)

for file in "$tree"/examples/*.yaml; do
    "$ashlar" check "$file" --host-memory 2G --host-cpus 4 >said 2>&1 && grep -q ': usable: ' said
    ok $? "${file##*/}"
    sed 's/^/# /' said
done
# What each is there to show.
is "$(grep -c '^  - ' "$tree/examples/debian.yaml")" 1 "debian.yaml has one VM"
is "$(grep -c '^  - ' "$tree/examples/three.yaml")" 3 "three.yaml has three"
"$ashlar" check "$tree/examples/overcommitted.yaml" | grep -qE '(1[0-9]|[5-9]) vCPUs'
ok $? "overcommitted.yaml has more vCPUs than the machine has CPUs"
is "$(grep -c 'affinity:' "$tree/examples/pinned.yaml")" 3 "pinned.yaml has an affinity for each of its VMs"
finish
