/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the hypervisor's ELF image. Pure: no UEFI call, no allocation, no state. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BOOT_ELF_ALIGN 0x200000ULL     /* the load address, and the lowest p_vaddr, are multiples of 2 MiB */
#define BOOT_ELF_MAX_SPAN 0x8000000ULL /* 128 MiB */
#define BOOT_ELF_MAX_SEGMENTS 16U

struct boot_elf_segment {
    uint64_t offset;    /* from the start of the file */
    uint64_t file_size; /* bytes to copy; offset + file_size lies in the file */
    uint64_t dest;      /* from the load address */
    uint64_t mem_size;  /* file_size <= mem_size; dest + mem_size <= span */
};

struct boot_elf {
    uint64_t span;  /* bytes to allocate: a multiple of 4 KiB, not 0 */
    uint64_t entry; /* from the load address, in an executable segment's file contents, a multiple of 4 */
    size_t segment_count;
    struct boot_elf_segment segments[BOOT_ELF_MAX_SEGMENTS]; /* ascending, not overlapping */
};

enum boot_elf_status {
    BOOT_ELF_OK,
    BOOT_ELF_TRUNCATED, /* a header or a segment's contents lie outside the file */
    BOOT_ELF_NOT_ELF64, /* not a 64-bit little-endian ELF file of version 1 */
    BOOT_ELF_NOT_AARCH64,
    BOOT_ELF_NOT_DYN,       /* not position-independent */
    BOOT_ELF_BAD_HEADERS,   /* program headers of another size, or none */
    BOOT_ELF_TOO_MANY,      /* more than BOOT_ELF_MAX_SEGMENTS to load */
    BOOT_ELF_BAD_SEGMENT,   /* sizes or alignment contradict each other */
    BOOT_ELF_WRITE_EXECUTE, /* a segment is writable and executable */
    BOOT_ELF_OVERLAP,       /* segments not ascending, or two in one place */
    BOOT_ELF_NOT_ALIGNED,   /* the lowest address is not a multiple of 2 MiB */
    BOOT_ELF_TOO_BIG,
    BOOT_ELF_BAD_ENTRY,
};

/*
 * Checks the file (size bytes, any alignment) and fills *elf; *elf is undefined when the status is not BOOT_ELF_OK.
 * ELF-64 Object File Format 1.5; ELF for the Arm 64-bit Architecture (IHI 0056).
 */
enum boot_elf_status boot_elf_read(const void *file, size_t size, struct boot_elf *elf);

/* Copies the segments to dest, which is elf->span bytes; what no file byte covers becomes 0. Nothing is relocated. */
void boot_elf_copy(const struct boot_elf *elf, const void *file, void *dest);

/* The status in words, for a message. */
const char *boot_elf_text(enum boot_elf_status status);
