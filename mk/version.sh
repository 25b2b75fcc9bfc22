#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes the version header; leaves it untouched when nothing changed.
# usage: version.sh X.Y.Z FILE
set -eu
commit=$(git -c safe.directory='*' rev-parse --verify HEAD 2>/dev/null | cut -c1-12) || :
if [ -z "$commit" ]; then
    commit=unknown
elif [ -n "$(git -c safe.directory='*' status --porcelain --untracked-files=no 2>/dev/null)" ]; then
    commit=$commit-dirty
fi
mkdir -p "$(dirname "$2")"
cat >"$2.new" <<EOF
/* SPDX-License-Identifier: Apache-2.0 */
/* Made by mk/version.sh. */
#pragma once

#define ASHLAR_VERSION "$1"
#define ASHLAR_COMMIT "$commit"
EOF
if cmp -s "$2.new" "$2"; then rm "$2.new"; else mv "$2.new" "$2"; fi
