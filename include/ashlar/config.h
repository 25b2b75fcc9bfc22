/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiled configuration: a flattened device tree that `ashlar` writes and that the loader and the hypervisor read.
 *
 *   / {
 *       compatible = "ashlar,config-1";
 *       host {
 *           console = "auto";            string: monitor, all, auto or a VM's name
 *           when-idle = "poweroff";      string: poweroff or monitor
 *           mitigations = "auto";        string: auto or off
 *       };
 *       handover {                   optional: start this Linux EFI kernel instead of the hypervisor; vms may be empty then
 *           kernel = "\\ashlar\\handover\\kernel";   with kernel-size; initrd optional, with initrd-size; cmdline
 *       };
 *       vms {
 *           vm@0 {                       unit addresses count up from 0 without a gap, in the order of the file
 *               name = "debian";
 *               cpus = <2>;              u32
 *               memory = <hi lo>;        u64, bytes
 *               kernel = "\\ashlar\\vm0\\kernel";       path on the volume that ashlar.efi came from
 *               kernel-size = <hi lo>;   u64, bytes
 *               kernel-offset = <hi lo>; u64, from the start of RAM; only for a flat binary, absent for an arm64 Image
 *               initrd = "\\ashlar\\vm0\\initrd";       optional, with initrd-size
 *               initrd-size = <hi lo>;
 *               cmdline = "";
 *               autostart = <1>;         u32, 0 or 1
 *               on-reset = "restart";    restart or stop
 *               on-crash = "stop";       restart, stop or hold
 *               stop-timeout-ms = <30000>;  u32
 *               weight = <100>;          u32
 *               affinity = <0 3 6 6>;    pairs of u32, first and last CPU; absent = all
 *               cap = <0>;               u32, percent of one CPU
 *           };
 *       };
 *   };
 *
 * `ashlar` unpacks Image.gz and EFI zboot kernels, so that a kernel file on the volume is a plain Image or flat.
 * A property that a reader does not know is a fault: writer and reader are of one version.
 */
#pragma once

#define CONFIG_COMPATIBLE "ashlar,config-1"
#define CONFIG_PATH_EFI "\\ashlar\\config.dtb"

#define CONFIG_MAX_VMS 32U
#define CONFIG_MAX_VCPUS 64U      /* per VM */
#define CONFIG_MAX_NAME 63U       /* characters */
#define CONFIG_MAX_CMDLINE 2047U  /* bytes, without the NUL */
#define CONFIG_MAX_AFFINITY 32U   /* ranges */
#define CONFIG_MAX_CPU 511U       /* highest CPU number in a list */
#define CONFIG_MAX_BLOB 0x100000U /* bytes of the whole tree */
#define CONFIG_MEMORY_STEP 0x200000ULL
#define CONFIG_MEMORY_MAX (1ULL << 39) /* the guest's IPA space ends at 512 GiB + 1 GiB */
#define CONFIG_FLAT_OFFSET 0x80000ULL
