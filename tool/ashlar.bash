# SPDX-License-Identifier: Apache-2.0
# Completion of ashlar(1) for bash.
# shellcheck shell=bash

_ashlar() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} words=
    COMPREPLY=()
    case $before in
    --firmware) words='edk2 u-boot' ;;
    --acpi) words='on off' ;;
    --cpu) words='max cortex-a72 neoverse-n1' ;;
    --cpus | --memory | --timeout | --qemu-arg | --host-memory | --host-cpus) return ;;
    esac
    if [[ -z $words && $COMP_CWORD -eq 1 ]]; then
        words='init check image run --version --help'
    elif [[ -z $words && $word == -* ]]; then
        case $command in
        init) words='--help' ;;
        check) words='--host-memory --host-cpus --help' ;;
        image) words='-o --output --force --help' ;;
        run) words='--cpus --memory --cpu --firmware --acpi --vars --icount --timeout --qemu --qemu-arg --write --help' ;;
        esac
    fi
    if [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    fi
    if [[ $before == --firmware || ( -z $words && $COMP_CWORD -gt 1 ) ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -F _ashlar ashlar
