/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and unpacks the hypervisor's ELF image: ELF-64 Object File Format 1.5 and IHI 0056 (EM_AARCH64).
 * No state. Called by boot_image.c with the payload inside ashlar.efi, by its unit test with hostile files.
 * Every field is read through memcpy: nothing is known about the file's alignment.
 */
#include "boot_elf.h"

#include <stdbool.h>
#include <string.h>

#define ELFCLASS64 2U
#define ELFDATA2LSB 1U
#define EV_CURRENT 1U
#define ET_DYN 3U
#define EM_AARCH64 183U
#define PT_LOAD 1U
#define PF_X 1U
#define PF_W 2U

#define PAGE 0x1000ULL

struct elf64_ehdr {
    uint8_t e_ident[16];
    uint16_t e_type;
    uint16_t e_machine;
    uint32_t e_version;
    uint64_t e_entry;
    uint64_t e_phoff;
    uint64_t e_shoff;
    uint32_t e_flags;
    uint16_t e_ehsize;
    uint16_t e_phentsize;
    uint16_t e_phnum;
    uint16_t e_shentsize;
    uint16_t e_shnum;
    uint16_t e_shstrndx;
};

struct elf64_phdr {
    uint32_t p_type;
    uint32_t p_flags;
    uint64_t p_offset;
    uint64_t p_vaddr;
    uint64_t p_paddr;
    uint64_t p_filesz;
    uint64_t p_memsz;
    uint64_t p_align;
};

/* What is known while the segments are read. */
struct reading {
    size_t size;   /* of the file */
    uint64_t base; /* p_vaddr of the first segment */
    uint64_t end;  /* of the segments so far */
    uint64_t entry;
    bool entry_seen;
};

static enum boot_elf_status ehdr_check(const struct elf64_ehdr *h, size_t size)
{
    static const uint8_t magic[4] = {0x7f, 'E', 'L', 'F'};

    if (memcmp(h->e_ident, magic, sizeof(magic)) != 0 || h->e_ident[4] != ELFCLASS64 || h->e_ident[5] != ELFDATA2LSB ||
        h->e_ident[6] != EV_CURRENT || h->e_version != EV_CURRENT) {
        return BOOT_ELF_NOT_ELF64;
    }
    if (h->e_machine != EM_AARCH64) {
        return BOOT_ELF_NOT_AARCH64;
    }
    if (h->e_type != ET_DYN) {
        return BOOT_ELF_NOT_DYN;
    }
    if (h->e_phentsize != sizeof(struct elf64_phdr) || h->e_phnum == 0) {
        return BOOT_ELF_BAD_HEADERS;
    }
    if (h->e_phoff > size || h->e_phnum > (size - h->e_phoff) / sizeof(struct elf64_phdr)) {
        return BOOT_ELF_TRUNCATED;
    }
    return BOOT_ELF_OK;
}

static enum boot_elf_status phdr_check(const struct elf64_phdr *p, const struct reading *r)
{
    if (p->p_offset > r->size || p->p_filesz > r->size - p->p_offset) {
        return BOOT_ELF_TRUNCATED;
    }
    if (p->p_filesz > p->p_memsz || p->p_memsz > UINT64_MAX - p->p_vaddr) {
        return BOOT_ELF_BAD_SEGMENT;
    }
    if (p->p_align > BOOT_ELF_ALIGN || (p->p_align & (p->p_align - 1U)) != 0) {
        return BOOT_ELF_BAD_SEGMENT;
    }
    if ((p->p_flags & (PF_W | PF_X)) == (PF_W | PF_X)) {
        return BOOT_ELF_WRITE_EXECUTE;
    }
    return BOOT_ELF_OK;
}

/* The place of one segment relative to those before it. */
static enum boot_elf_status phdr_place(const struct elf64_phdr *p, const struct boot_elf *elf, struct reading *r)
{
    if (elf->segment_count == BOOT_ELF_MAX_SEGMENTS) {
        return BOOT_ELF_TOO_MANY;
    }
    if (elf->segment_count == 0) {
        r->base = p->p_vaddr;
        r->end = p->p_vaddr;
    }
    if (r->base % BOOT_ELF_ALIGN != 0) {
        return BOOT_ELF_NOT_ALIGNED;
    }
    if (p->p_vaddr < r->end) {
        return BOOT_ELF_OVERLAP;
    }
    if (p->p_vaddr - r->base > BOOT_ELF_MAX_SPAN || p->p_memsz > BOOT_ELF_MAX_SPAN - (p->p_vaddr - r->base)) {
        return BOOT_ELF_TOO_BIG;
    }
    return BOOT_ELF_OK;
}

static void segment_add(const struct elf64_phdr *p, struct boot_elf *elf, struct reading *r)
{
    struct boot_elf_segment *s = &elf->segments[elf->segment_count++];

    s->offset = p->p_offset;
    s->file_size = p->p_filesz;
    s->dest = p->p_vaddr - r->base;
    s->mem_size = p->p_memsz;
    r->end = p->p_vaddr + p->p_memsz;
    if ((p->p_flags & PF_X) != 0 && p->p_filesz >= 4U && r->entry >= p->p_vaddr &&
        r->entry - p->p_vaddr <= p->p_filesz - 4U) {
        r->entry_seen = true;
    }
}

static enum boot_elf_status segments_read(const uint8_t *file, const struct elf64_ehdr *h, struct boot_elf *elf,
                                          struct reading *r)
{
    for (size_t i = 0; i < h->e_phnum; i++) {
        struct elf64_phdr p;
        enum boot_elf_status status;

        memcpy(&p, file + h->e_phoff + i * sizeof(p), sizeof(p));
        if (p.p_type != PT_LOAD || p.p_memsz == 0) {
            continue;
        }
        status = phdr_check(&p, r);
        if (status == BOOT_ELF_OK) {
            status = phdr_place(&p, elf, r);
        }
        if (status != BOOT_ELF_OK) {
            return status;
        }
        segment_add(&p, elf, r);
    }
    return elf->segment_count != 0 ? BOOT_ELF_OK : BOOT_ELF_BAD_HEADERS;
}

enum boot_elf_status boot_elf_read(const void *file, size_t size, struct boot_elf *elf)
{
    struct elf64_ehdr h;
    struct reading r = {.size = size};
    enum boot_elf_status status;

    if (size < sizeof(h)) {
        return BOOT_ELF_TRUNCATED;
    }
    memcpy(&h, file, sizeof(h));
    status = ehdr_check(&h, size);
    if (status != BOOT_ELF_OK) {
        return status;
    }
    r.entry = h.e_entry;
    elf->segment_count = 0;
    status = segments_read(file, &h, elf, &r);
    if (status != BOOT_ELF_OK) {
        return status;
    }
    if (!r.entry_seen || h.e_entry % 4U != 0) {
        return BOOT_ELF_BAD_ENTRY;
    }
    elf->span = (r.end - r.base + PAGE - 1U) & ~(PAGE - 1U);
    elf->entry = h.e_entry - r.base;
    return BOOT_ELF_OK;
}

void boot_elf_copy(const struct boot_elf *elf, const void *file, void *dest)
{
    memset(dest, 0, elf->span);
    for (size_t i = 0; i < elf->segment_count; i++) {
        const struct boot_elf_segment *s = &elf->segments[i];

        memcpy((uint8_t *)dest + s->dest, (const uint8_t *)file + s->offset, s->file_size);
    }
}

const char *boot_elf_text(enum boot_elf_status status)
{
    static const char *const text[] = {
        [BOOT_ELF_OK] = "usable",
        [BOOT_ELF_TRUNCATED] = "it is cut short",
        [BOOT_ELF_NOT_ELF64] = "it is not a 64-bit little-endian ELF file",
        [BOOT_ELF_NOT_AARCH64] = "it is not for AArch64",
        [BOOT_ELF_NOT_DYN] = "it is not position-independent",
        [BOOT_ELF_BAD_HEADERS] = "it has nothing to load",
        [BOOT_ELF_TOO_MANY] = "it has too many segments",
        [BOOT_ELF_BAD_SEGMENT] = "a segment's sizes or alignment contradict each other",
        [BOOT_ELF_WRITE_EXECUTE] = "a segment is writable and executable",
        [BOOT_ELF_OVERLAP] = "its segments overlap or are out of order",
        [BOOT_ELF_NOT_ALIGNED] = "its lowest address is not a multiple of 2 MiB",
        [BOOT_ELF_TOO_BIG] = "it needs more than 128 MiB",
        [BOOT_ELF_BAD_ENTRY] = "its entry point is not in its code",
    };

    return text[status];
}
