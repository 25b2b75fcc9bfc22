/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's ELF image as data inside ashlar.efi; the build gives the folder of hv.elf to the assembler. */
    .section .rdata, "dr"
    .balign 4096
    .globl payload_start
payload_start:
    .incbin "hv.elf"
    .globl payload_end
payload_end:
