/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that the command prints. Constant data only; docs/man/ashlar.1 says the same at length.
 */
#include "tool_texts.h"

const char help_all[] =
    "usage: ashlar COMMAND ...\n"
    "\n"
    "    init [FILE]                     write a commented configuration to start from\n"
    "    check CONFIG.yaml               say whether it is usable, and every fault with its place\n"
    "    image CONFIG.yaml -o DISK.img   make a bootable disk\n"
    "    run CONFIG.yaml|DISK.img        boot it in QEMU, its console here\n"
    "\n"
    "    ashlar COMMAND --help           the options of a command\n"
    "    ashlar --version\n"
    "\n"
    "Exit status: 0 good, 1 refused or panicked, 2 wrong usage, 3 could not be started, 124 time-out,\n"
    "128 + signal. See ashlar(1) and ashlar.yaml(5).\n";

const char help_init[] =
    "usage: ashlar init [FILE]\n"
    "\n"
    "Writes a commented configuration to FILE (default: ashlar.yaml), which must not exist; '-' is\n"
    "standard output.\n";

const char help_check[] = "usage: ashlar check CONFIG.yaml [options]\n"
                          "\n"
                          "Exit status 0 if the configuration is usable, 1 if not: every fault on its own line.\n"
                          "\n"
                          "    --host-memory SIZE   also against a machine with this memory\n"
                          "    --host-cpus N        and with this many CPUs\n";

const char help_image[] =
    "usage: ashlar image CONFIG.yaml -o DISK.img [--force]\n"
    "\n"
    "Makes a GPT disk with an EFI system partition: ashlar.efi, the compiled configuration, the VMs' files. The same\n"
    "input gives the same bytes. To a USB stick: dd if=DISK.img of=/dev/STICK bs=4M conv=fsync\n"
    "\n"
    "    -o, --output FILE    where to; an existing file is replaced only with\n"
    "    --force\n";

const char help_run[] =
    "usage: ashlar run CONFIG.yaml|DISK.img [options]\n"
    "\n"
    "Boots it in QEMU with the console on standard input and output. On a terminal Ctrl-C goes to the guest, Ctrl-A x\n"
    "ends QEMU at once, Ctrl-A h helps.\n"
    "\n"
    "    --cpus N               CPUs of the machine (default 4)\n"
    "    --memory SIZE          its memory (default 2G)\n"
    "    --cpu MODEL            their model (default max; cortex-a72, neoverse-n1, ...)\n"
    "    --firmware NAME        edk2 (default), u-boot, or a file\n"
    "    --acpi on|off          ACPI tables, else a device tree (default on)\n"
    "    --vars FILE            keep the firmware's variables there; made when absent\n"
    "    --icount               deterministic: one instruction is one nanosecond\n"
    "    --timeout SECONDS      then end with exit status 124\n"
    "    --qemu FILE            another QEMU\n"
    "    --qemu-arg ARG         one more argument for it; repeatable\n"
    "    --write                keep what is written to a DISK.img (else it is thrown away)\n"
    "\n"
    "Exit status: 0 when the machine powered itself off, 1 when Ashlar panicked or the configuration was refused,\n"
    "3 when QEMU or the image could not be started, 124 for the time-out, 128 + signal.\n";

const char text_init[] =
    "# Configuration of Ashlar: see ashlar.yaml(5). Check it with `ashlar check`, try it with `ashlar run`.\n"
    "# Sizes: K, M, G (1024). Times: ms, s, m, h. What has a default may be left out.\n"
    "\n"
    "host:\n"
    "  console: auto          # monitor | all | NAME of a VM | auto: the only VM, else the monitor\n"
    "  when_idle: poweroff    # poweroff | monitor: when the last VM has stopped\n"
    "  mitigations: auto      # auto | off\n"
    "\n"
    "vms:\n"
    "  - name: linux          # letters, digits, '-'; not monitor, all, auto\n"
    "    cpus: 2              # 1 to 64; default 1\n"
    "    memory: 512M         # a multiple of 2M\n"
    "    kernel: vmlinuz      # arm64 Image, Image.gz, EFI zboot or flat binary; relative to this file\n"
    "    # initrd: initrd.img\n"
    "    cmdline: console=ttyAMA0\n"
    "    # autostart: true\n"
    "    # on_reset: restart  # restart | stop\n"
    "    # on_crash: stop     # restart | stop | hold: paused, memory kept\n"
    "    # stop_timeout: 30s  # after which a polite stop becomes a hard one\n"
    "    # weight: 100        # share of the CPUs, 1 to 10000\n"
    "    # affinity: 0-3,6    # CPUs that it may use; default all\n"
    "    # cap: 0             # percent of one CPU, 0 = none\n";
