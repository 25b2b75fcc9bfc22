#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `ashlar run`: QEMU's arguments, exit statuses, signals, the time-out, the terminal. QEMU is played by a script; what
# needs the real one is in tests/qemu/.
# shellcheck source=tests/tool/lib.sh
. "$(dirname "$0")/lib.sh"

echo "not a program" >"$work/ashlar.efi"
echo code >"$work/pkg/firmware/AAVMF_CODE.fd"
truncate -s 64M "$work/pkg/firmware/AAVMF_VARS.fd"
printf template | dd of="$work/pkg/firmware/AAVMF_VARS.fd" conv=notrunc 2>/dev/null
echo code >"$work/pkg/firmware/u-boot.bin"
image_header >Image
configuration Image >one.yaml

# The stand-in: notes its arguments, greets on the QMP socket, then does what $PLAY says.
cat >"$work/bin/qemu-system-aarch64" <<'END'
#!/bin/sh
printf '%s\n' "$@" >"$NOTES/arguments"
echo $$ >"$NOTES/pid"
fd=
for word in "$@"; do
    case $word in socket,*fd=*) fd=${word##*fd=} ;; esac
done
[ "$PLAY" = broken ] && { echo "qemu: no such thing" >&2; exit 1; }
eval "exec 9<>/dev/null; exec 8>&$fd"
printf '{"QMP": {"version": {"qemu": {"micro": 0, "minor": %s, "major": %s}, "package": ""}, "capabilities": []}}\r\n' \
    "${MINOR:-1}" "${MAJOR:-11}" >&8
case $PLAY in
off) ;;
panic)
    printf '{"timestamp": {"seconds": 1}, "event": "GUEST_PANICKED", "data": {"action": "exit-failure"}}\r\n' >&8
    exit 1
    ;;
fail) exit 1 ;;
killed) kill -SEGV $$ ;;
hang) exec sleep 100 ;;
deaf)
    trap '' TERM INT HUP
    while :; do sleep 100; done
    ;;
raw)
    stty raw -echo
    exec sleep 100
    ;;
input) cat >"$NOTES/input" ;;
esac
END
chmod +x "$work/bin/qemu-system-aarch64"
NOTES=$work PLAY=off
export NOTES PLAY

# run STATUS TEXT OPTIONS...
run() {
    status=$1 text=$2
    shift 2
    "$ashlar" run "$@" </dev/null >output 2>&1
    is "$?" "$status" "$text"
}
# shellcheck disable=SC2317 # called by golden
# arguments: QEMU's, with what differs from run to run made alike.
arguments() {
    sed "s|$work|WORK|g;s|fd=[0-9]*|fd=N|" "$work/arguments"
}
# wait_for FILE: until it has contents, or 10 s have passed.
wait_for() {
    for _ in $(seq 100); do
        [ ! -s "$1" ] || return 0
        sleep 0.1
    done
    return 1
}

run 0 "a power-off in order" one.yaml
is "$(cat output)" "" "it says nothing itself"
golden run-arguments arguments
run 0 "options" one.yaml --cpus 2 --memory 512M --cpu cortex-a72 --firmware u-boot --acpi off --icount \
    --qemu-arg -d --qemu-arg guest_errors
golden run-arguments-more arguments
is "$(ls -A "$work/tmp")" "" "no temporary file is left"

"$ashlar" image one.yaml -o disk.img
run 0 "a disk image" disk.img
golden run-arguments-disk arguments
cp disk.img "odd,name: x.img"
run 0 "a disk image with an odd name, written to" --write "odd,name: x.img"
golden run-arguments-write arguments

# Firmware variables.
run 0 "--vars" one.yaml --vars vars.fd
cmp vars.fd "$work/pkg/firmware/AAVMF_VARS.fd"
ok $? "the file was made from the template"
echo mine >vars.fd
run 0 "--vars again" one.yaml --vars vars.fd
is "$(cat vars.fd)" mine "an existing file is kept"
grep -q 'unit=1,format=raw,file.driver=file,file.filename=vars.fd$' "$work/arguments"
ok $? "and given to QEMU for writing"
run 3 "--vars that can't be made" one.yaml --vars nowhere/vars.fd
truncate -s 64M own.fd
run 0 "a firmware file" one.yaml --firmware own.fd
grep -q 'unit=0.*file.filename=own.fd' "$work/arguments"
ok $? "of 64M is a flash bank"

# Exit statuses.
PLAY=panic run 1 "a panic" one.yaml
PLAY=broken run 3 "QEMU did not start" one.yaml
is "$(cat output)" "qemu: no such thing" "its own message is shown"
PLAY=fail run 3 "QEMU failed later" one.yaml
PLAY=killed run 3 "QEMU crashed" one.yaml
is "$(cat output)" "ashlar: error: QEMU was ended by signal 11" "and that is said"
run 3 "no such QEMU" one.yaml --qemu ./nowhere
golden run-no-qemu "$ashlar" run one.yaml --qemu ./nowhere
MAJOR=7 MINOR=2 run 0 "an old QEMU" one.yaml
is "$(cat output)" "ashlar: warning: QEMU 7.2 does not trap WFE to the hypervisor; 11.1 does" "is warned of"
sed 's/64M/4G/' one.yaml >large.yaml
run 1 "more memory than the machine" large.yaml
golden run-memory "$ashlar" run large.yaml --memory 1G
golden run-no-file "$ashlar" run absent.yaml
golden run-bad-number "$ashlar" run one.yaml --cpus 0
golden run-bad-size "$ashlar" run one.yaml --memory 1
golden run-bad-switch "$ashlar" run one.yaml --acpi yes
golden run-bad-firmware "$ashlar" run one.yaml --firmware nowhere
golden run-bad-timeout "$ashlar" run one.yaml --timeout soon
golden run-bad-write "$ashlar" run one.yaml --write
golden run-no-value "$ashlar" run one.yaml --cpus
mv "$work/ashlar.efi" "$work/efi"
golden run-no-efi "$ashlar" run one.yaml
mv "$work/efi" "$work/ashlar.efi"

# Standard input reaches QEMU, and its end does not end a run.
echo keys | PLAY=input "$ashlar" run one.yaml
is "$? $(cat "$work/input")" "0 keys" "standard input"

# The time-out and signals: QEMU is gone afterwards, also one that does not listen.
PLAY=hang run 124 "--timeout" one.yaml --timeout 1
! alive "$(cat "$work/pid")"
ok $? "no QEMU is left"
PLAY=deaf run 124 "--timeout with a QEMU that ignores SIGTERM" one.yaml --timeout 1
! alive "$(cat "$work/pid")"
ok $? "no QEMU is left"
for signal in INT:130 TERM:143 HUP:129; do
    rm -f "$work/pid"
    # a shell starts background jobs with SIGINT ignored, perl gives it back
    PLAY=hang perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$ashlar" run one.yaml </dev/null >output 2>&1 &
    child=$!
    wait_for "$work/pid"
    kill "-${signal%:*}" $child
    wait $child
    is "$?" "${signal#*:}" "SIG${signal%:*}"
    ! alive "$(cat "$work/pid")"
    ok $? "no QEMU is left"
done
rm -f "$work/pid"
PLAY=deaf "$ashlar" run one.yaml </dev/null >output 2>&1 &
child=$!
wait_for "$work/pid"
kill -KILL $child
wait $child 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do
    alive "$(cat "$work/pid")" || break
    sleep 0.1
done
! alive "$(cat "$work/pid")"
ok $? "not even after SIGKILL"
is "$(ls -A "$work/tmp")" "" "no temporary file is left"

# A terminal is as it was.
cat >terminal.sh <<END
stty -a >before
PLAY=raw "$ashlar" run one.yaml --timeout 1
echo \$? >status
stty -a >after
END
if command -v script >/dev/null; then
    script -qec "sh terminal.sh" /dev/null </dev/null >output 2>&1
    is "$(cat status)" 124 "a run on a terminal"
    cmp before after
    ok $? "the terminal is restored"
else
    skip "a run on a terminal" "no script"
    skip "the terminal is restored" "no script"
fi

finish
