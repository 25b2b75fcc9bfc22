# SPDX-License-Identifier: Apache-2.0
# Shared by the tests that boot: TAP lines, a scratch folder, and guests run on Ashlar under QEMU.
# shellcheck shell=sh disable=SC2034
# ASHLAR_BARE=1 runs the bare-metal guests on QEMU's board without Ashlar: what a guest says there is what it must say here.
set -u
LC_ALL=C TZ=UTC0 NO_COLOR=1
export LC_ALL TZ NO_COLOR
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
build=$tree/build
ashlar=$build/bin/ashlar
bare=${ASHLAR_BARE:-}
work=$(mktemp -d) || exit 1
started= # processes to end when the test ends
# shellcheck disable=SC2317,SC2086
tidy_up() {
    for pid in $started; do
        kill -KILL "$pid" 2>/dev/null
    done
    [ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap tidy_up EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/tmp"
TMPDIR=$work/tmp
export TMPDIR
tap_count=0 tap_failed=0

# ok STATUS TEXT: one line of TAP.
ok() {
    tap_count=$((tap_count + 1))
    if [ "$1" = 0 ]; then
        echo "ok $tap_count - $2"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap_count - $2"
    fi
}

# is FOUND EXPECTED TEXT
is() {
    [ "$1" = "$2" ]
    ok $? "$3"
    [ "$1" = "$2" ] || printf '%s\n' "found:    $1" "expected: $2" | sed 's/^/# /'
}

finish() {
    echo "1..$tap_count"
    [ "$tap_failed" = 0 ]
    exit
}

# show FILE: its last lines as comments, for whoever reads a failure.
show() {
    tail -n 40 "$1" | tr -d '\r' | sed -e 's/^/# | /' && echo
}

# configuration NAME CPUS MEMORY KERNEL [EXTRA LINES]: one VM.
configuration() {
    printf 'vms:\n  - name: %s\n    cpus: %s\n    memory: %s\n    kernel: %s\n' "$1" "$2" "$3" "$4"
    shift 4
    [ $# = 0 ] || printf '    %s\n' "$@"
}

# run_guest NAME VCPUS SECONDS CPU OPTIONS...: a bare-metal guest until it switches its machine off, its console in
# $work/NAME.out; the exit status is that of `ashlar run`.
run_guest() {
    guest=$1 vcpus=$2 seconds=$3 cpu=$4
    shift 4
    if [ -n "$bare" ]; then
        timeout -k 5 "$seconds" "$build/bin/qemu-system-aarch64" -M virt,gic-version=3 -cpu "$cpu" -smp "$vcpus" -m 64M \
            -nodefaults -display none -serial stdio -kernel "$build/guest/$guest.bin" </dev/null >"$work/$guest.out" 2>&1
    else
        configuration "$guest" "$vcpus" 64M "$build/guest/$guest.bin" >"$work/$guest.yaml"
        "$ashlar" run "$work/$guest.yaml" --cpu "$cpu" --timeout "$seconds" "$@" </dev/null >"$work/$guest.out" 2>&1
    fi
}

# guest_tap LABEL FILE: the guest's own lines of TAP, numbered on. A line that is lost, a plan that is not kept and a skipped line
# on Ashlar are failures.
guest_tap() {
    tr -d '\r\000' <"$2" | awk -v label="$1" -v count="$tap_count" -v failed="$tap_failed" -v bare="$bare" \
        -v result="$work/tap" '
        function line(good, text) { count++; failed += !good; print (good ? "ok " : "not ok ") count " - " label ": " text }
        /^(not )?ok [0-9]+ - / {
            good = $1 == "ok"
            number = good ? $2 : $3
            text = $0
            sub(/^(not )?ok [0-9]+ - /, "", text)
            if (number != ++seen) { line(0, "line " seen " is missing"); seen = number + 0 }
            if (text ~ / # SKIP /) { if (!bare) { good = 0; sub(/ # SKIP /, ", skipped: ", text) } }
            line(good, text)
            next
        }
        /^# / { print; next }
        /^Bail out!/ { line(0, $0); sub(/^/, "# "); next }
        # Each boot has its own plan.
        /^1\.\.[0-9]+$/ {
            line(substr($0, 4) == seen && seen > 0, "all " substr($0, 4) " lines of its plan (" seen + 0 ")")
            plans++
            seen = 0
            next
        }
        END {
            if (!plans || seen) line(0, "the plan is missing")
            print count, failed >result
        }'
    read -r tap_count tap_failed <"$work/tap"
}

# debian_configuration VCPUS: Debian's kernel as in examples/debian.yaml.
debian_configuration() {
    configuration debian "$1" 512M "$build/guest/vmlinuz" "initrd: $build/guest/initrd.img" "cmdline: console=ttyAMA0"
}

# boot_steps: up to the shell's first prompt, for expect.
boot_steps() {
    echo "wait 240 ashlar-guest: Linux"
    echo "wait 60 # "
}

# drive NAME [-p] [-t TIMES] VCPUS OPTIONS...: Debian, or NAME where $work/NAME.yaml exists, driven by $work/NAME.steps; its output in
# $work/NAME.out and the steps that failed in $work/NAME.err.
drive() {
    drive_name=$1
    shift
    drive_mode=
    if [ "$1" = -p ]; then
        drive_mode=-p
        shift
    fi
    if [ "$1" = -t ]; then
        drive_mode="$drive_mode -t $2"
        shift 2
    fi
    drive_vcpus=$1
    shift
    [ -e "$work/$drive_name.yaml" ] || debian_configuration "$drive_vcpus" >"$work/$drive_name.yaml"
    if [ -n "$bare" ]; then
        set -- "$build/bin/qemu-system-aarch64" -M virt,gic-version=3 -cpu max -smp "$drive_vcpus" -m 512M -nodefaults \
            -display none -serial mon:stdio
        kernel=$(sed -n 's/^ *kernel: //p' "$work/$drive_name.yaml")
        set -- "$@" -kernel "$kernel" -initrd "$build/guest/initrd.img" -append console=ttyAMA0
    else
        set -- "$ashlar" run "$work/$drive_name.yaml" "$@"
    fi
    # shellcheck disable=SC2086 # options, no blanks in them
    timeout -k 10 "${drive_limit:-1500}" "$build/tests/expect" $drive_mode -o "$work/$drive_name.out" "$work/$drive_name.steps" "$@" \
        2>"$work/$drive_name.err"
}

# drove NAME STATUS TEXT: a line of TAP, with what went wrong.
drove() {
    ok "$2" "$3"
    if [ "$2" != 0 ]; then
        sed 's/^/# /' "$work/$1.err"
        show "$work/$1.out"
    fi
}

# No line of Ashlar's own says error or panic.
no_errors() {
    faults=$(tr -d '\r' <"$1" | grep -a -E '^\[ *[0-9]+\.[0-9]+\] cpu[0-9]+ .*(error|panic)|[Pp]anic' || :)
    is "$faults" "" "$2: Ashlar logs no error"
}

# warnings FILE: what the guest's kernel printed as a warning or worse (dmesg -r gives the level). A host that is busy makes a timer
# late; what the board causes has no exception. QEMU's own board has one of its PCI host.
warnings() {
    tr -d '\r' <"$1" | grep -a '^<[0-4]>' | grep -v -e 'hrtimer: interrupt took' | if [ -n "$bare" ]; then grep -v pci-host; else cat; fi
}
