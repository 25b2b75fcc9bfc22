#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `ashlar check`: what is said about each kind of faulty configuration, to the letter.
# shellcheck source=tests/tool/lib.sh disable=SC2016
. "$(dirname "$0")/lib.sh"

image_header >Image
echo data >initrd
mkdir folder
: >empty
image_header >secret
chmod 0 secret
{ head -c 510 /dev/zero && printf 'U\252' && head -c 2 /dev/zero && printf HdrS && head -c 4000 /dev/zero; } >bzImage

# case_of NAME [OPTIONS]: the configuration is on standard input.
case_of() {
    cat >"$1.yaml"
    name=$1
    shift
    golden "$name" "$ashlar" check "$@" "$name.yaml"
}

# edit NAME SED-SCRIPT [OPTIONS]: the good configuration with one change.
edit() {
    name=$1 script=$2
    shift 2
    sed "$script" good.yaml >"$name.yaml"
    golden "$name" "$ashlar" check "$@" "$name.yaml"
}

case_of good <<'END'
host:
  console: auto
  when_idle: poweroff
  mitigations: auto
vms:
  - name: debian
    cpus: 2
    memory: 512M
    kernel: Image
    initrd: initrd
    cmdline: console=ttyAMA0
    autostart: true
    on_reset: restart
    on_crash: stop
    stop_timeout: 30s
    weight: 100
    affinity: 0-3,6
    cap: 0
END

case_of good-flow <<'END'
# comments, flow style, quotes, an anchor and a merge
host: {console: "all", 'when_idle': monitor}
vms:
  - &base {name: a, memory: 64M, kernel: "Image", cmdline: }
  - {<<: *base, name: b, cpus: 64, autostart: false, cmdline: 'a "b" # c'}
END

case_of handover <<'END'
host: {handover: {kernel: Image, initrd: initrd, cmdline: console=ttyAMA0}}
END

case_of handover-faults <<'END'
host:
  handover:
    kernal: Image
    cmdline: [a, b]
END

case_of handover-no-mapping <<'END'
host: {handover: Image}
END

printf '\000\001\002\377' >binary.yaml
golden not-text "$ashlar" check binary.yaml
golden no-file "$ashlar" check absent.yaml
golden folder-as-configuration "$ashlar" check folder
: >nothing.yaml
golden empty-configuration "$ashlar" check nothing.yaml
case_of not-yaml <<'END'
vms: [{name: one, memory: 64M
END
printf 'vms:\n\t- name: one\n' >tab-indent.yaml
golden tab-indent "$ashlar" check tab-indent.yaml
case_of second-document <<'END'
vms: []
---
vms: []
END
case_of no-mapping <<'END'
- name: one
END
case_of undefined-alias <<'END'
vms: *nowhere
END

edit duplicate-key 's/^    cpus: 2/    cpus: 2\n    cpus: 3/'
edit unknown-key 's/memory:/memroy:/'
edit unknown-section 's/^host/hots/'
edit unknown-far 's/^    cap: 0/    colour: red/'
edit wrong-type-list 's/cpus: 2/cpus: [2]/'
edit wrong-type-word 's/cpus: 2/cpus: two/'
edit wrong-type-flag 's/autostart: true/autostart: yes/'
edit wrong-type-vms 's/^vms:/vms: all/;/^  - name/,$d'
edit wrong-type-vm 's/^  - name: debian/  - debian/;/^    /d'
edit wrong-unit-memory 's/512M/512MB/'
edit wrong-unit-memory-none 's/512M/512/'
edit wrong-unit-time 's/30s/30/'
edit zero 's/cpus: 2/cpus: 0/;s/512M/0/;s/weight: 100/weight: 0/;s/30s/0s/'
edit negative 's/cpus: 2/cpus: -1/;s/512M/-512M/;s/weight: 100/weight: -5/;s/cap: 0/cap: -1/'
edit two-to-the-64 's/cpus: 2/cpus: 18446744073709551616/;s/512M/18446744073709551616/;s/30s/18446744073709551616s/;s/0-3,6/0-18446744073709551616/'
edit not-a-multiple 's/512M/511M/'
edit too-small 's/512M/2M/'
edit too-large 's/512M/1024G/'
edit more-memory-than-host 's/512M/4G/' --host-memory 2G
edit more-cpus-than-host 's/good/good/' --host-cpus 4
edit missing-file 's/kernel: Image/kernel: nowhere/;s/initrd: initrd/initrd: nowhere-else/'
edit folder-as-file 's/kernel: Image/kernel: folder/;s/initrd: initrd/initrd: folder/'
edit empty-file 's/kernel: Image/kernel: empty/;s/initrd: initrd/initrd: empty/'
edit x86-kernel 's/kernel: Image/kernel: bzImage/'
edit kernel-as-initrd 's/initrd: initrd/initrd: Image/'
edit missing-keys '/kernel:/d;/memory:/d;s/name: debian/cpus: 1/;/cpus: 2/d'
edit empty-value 's/512M//;s/Image//'
edit reserved-name 's/debian/monitor/'
edit bad-name 's/debian/my vm/'
edit long-name 's/debian/abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz/'
edit no-vms '/^  - name/,$d'
edit empty-vms 's/^vms:/vms: []/;/^  - name/,$d'
edit no-such-console 's/console: auto/console: debain/'
edit console-typo 's/console: auto/console: monitr/'
edit word-typo 's/on_reset: restart/on_reset: restrat/;s/on_crash: stop/on_crash: on/'
edit vcpus-600 's/cpus: 2/cpus: 600/'
edit affinity-order 's/0-3,6/6-3/'
edit affinity-text 's/0-3,6/0-3;6/'
edit affinity-far 's/0-3,6/0-512/'
edit control-character 's/console=ttyAMA0/"a\\x01b"/'
edit nul-character 's/console=ttyAMA0/"a\\0b"/'
edit many-faults 's/cpus: 2/cpus: 99/;s/512M/7X/;s/kernel: Image/kernel: nowhere/;s/weight: 100/wieght: 0/'

sed 's/console=ttyAMA0/'"$(head -c 2048 /dev/zero | tr '\0' x)"'/' good.yaml >long-cmdline.yaml
golden long-cmdline "$ashlar" check long-cmdline.yaml
{ cat good.yaml && sed -n '/^  - name/,$p' good.yaml; } >duplicate-vm.yaml
golden duplicate-vm "$ashlar" check duplicate-vm.yaml
{
    echo 'vms:'
    for n in $(seq 33); do printf '  - {name: vm%d, memory: 64M, kernel: Image}\n' "$n"; done
} >many-vms.yaml
golden many-vms "$ashlar" check many-vms.yaml

sed 's/kernel: Image/kernel: secret/' good.yaml >unreadable-file.yaml
chmod 644 unreadable-file.yaml
if [ "$(id -u)" != 0 ]; then
    golden unreadable-file "$ashlar" check unreadable-file.yaml
elif command -v setpriv >/dev/null; then
    chmod 755 .
    golden unreadable-file setpriv --reuid=65534 --regid=65534 --clear-groups "$ashlar" check unreadable-file.yaml
else
    skip unreadable-file "root reads everything"
fi

# The same file from elsewhere: paths are relative to the configuration.
mkdir elsewhere
(cd elsewhere && "$ashlar" check ../good.yaml >/dev/null)
ok $? "paths are relative to the file"

golden usage-none "$ashlar"
golden usage-command "$ashlar" chekc good.yaml
golden usage-operand "$ashlar" check
golden usage-option "$ashlar" check --fast good.yaml
golden usage-two "$ashlar" check good.yaml good.yaml
for command in init check image run; do
    golden "help-$command" "$ashlar" "$command" --help
done
golden help "$ashlar" --help
"$ashlar" --version | grep -Eq '^ashlar [0-9]+\.[0-9]+\.[0-9]+ \([^)]+\)$'
ok $? "--version"

finish
