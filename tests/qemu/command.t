#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `ashlar run` with the real QEMU and a machine that never ends by itself: every way to end it, and that no process, temporary
# file or raw terminal is left behind.
# shellcheck source=tests/tool/lib.sh
. "$(dirname "$0")/../tool/lib.sh"

rm -rf "$work/pkg"
ln -s "$tree/build/pkg" "$work/pkg"
ln -s "$tree/build/ashlar.efi" "$work/ashlar.efi"
cp "$tree/build/bin/qemu-system-aarch64" "$work/bin/"
# A guest that spins: "b ." over and over.
printf '\000\000\000\024%.0s' $(seq 1024) >spin
configuration spin >spin.yaml
"$ashlar" image spin.yaml -o disk.img

# left: processes that know our scratch folder, but for this test's own.
left() {
    for process in /proc/[0-9]*; do
        [ "${process#/proc/}" != $$ ] || continue
        tr '\000' ' ' <"$process/cmdline" 2>/dev/null | grep -q "qemu.*$work" && echo "${process#/proc/}"
    done
}
clean() {
    is "$(left)" "" "$1: no QEMU is left"
    is "$(ls -A "$work/tmp")" "" "$1: no temporary file is left"
}
wait_for_qemu() {
    for _ in $(seq 100); do
        [ -z "$(left)" ] || return 0
        sleep 0.1
    done
}

before=$(sha256sum disk.img)
start=$(date +%s)
timeout 60 "$ashlar" run "$work/t/disk.img" --timeout 3 </dev/null >output 2>&1
is "$?" 124 "--timeout"
[ $(($(date +%s) - start)) -ge 3 ]
ok $? "the end of standard input does not end a run"
clean "--timeout"
is "$(sha256sum disk.img)" "$before" "the disk image is as it was"

start=$(date +%s)
timeout 60 "$ashlar" run "$work/t/disk.img" --icount --timeout 3 </dev/null >output 2>&1
is "$?" 124 "--icount --timeout"
[ $(($(date +%s) - start)) -le 9 ]
ok $? "--icount: ended soon after"
clean "--icount"

for signal in INT:130 TERM:143 HUP:129; do
    perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' timeout 60 "$ashlar" run "$work/t/disk.img" </dev/null >output 2>&1 &
    wait_for_qemu
    sleep 0.5
    # timeout hands the signal on, and reports the status of what it ran
    kill "-${signal%:*}" $!
    wait $!
    is "$?" "${signal#*:}" "SIG${signal%:*}"
    clean "SIG${signal%:*}"
done

timeout 60 "$ashlar" run "$work/t/disk.img" --vars "$work/t/vars.fd" --timeout 4 </dev/null >output 2>&1
is "$(stat -c %s vars.fd)" 67108864 "--vars: a file of the bank's size"
! cmp -s vars.fd "$tree/build/pkg/firmware/AAVMF_VARS.fd"
ok $? "--vars: the firmware wrote to it"
timeout 60 "$ashlar" run "$work/t/disk.img" --write --timeout 4 </dev/null >output 2>&1
is "$?" 124 "--write"
printf '\001x' | timeout 60 "$ashlar" run "$work/t/disk.img" >output 2>&1
is "$?" 0 "Ctrl-A x from a pipe"

# On a terminal: Ctrl-C goes to the guest, Ctrl-A x ends QEMU.
cat >terminal.sh <<END
stty -a >before
timeout --foreground 60 "$ashlar" run "$work/t/disk.img"
echo \$? >status
stty -a >after
END
if command -v script >/dev/null; then
    {
        wait_for_qemu
        sleep 1
        printf '\003'
        sleep 1
        left >survivors
        printf '\001x'
    } | script -qec "sh terminal.sh" /dev/null >output 2>&1
    [ -s survivors ]
    ok $? "Ctrl-C does not end QEMU"
    is "$(cat status)" 0 "Ctrl-A x"
    cmp before after
    ok $? "Ctrl-A x: the terminal is restored"
    clean "Ctrl-A x"
else
    for text in "Ctrl-C does not end QEMU" "Ctrl-A x" "Ctrl-A x: the terminal is restored"; do
        skip "$text" "no script"
    done
fi

finish
