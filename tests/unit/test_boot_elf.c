/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot/boot_elf.c on good, hostile and random ELF files. Each file lies in an allocation of exactly its size, so that
 * AddressSanitizer sees a read behind it; what is accepted has to hold the promises of boot_elf.h.
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot_elf.h"
#include "seeded.h"

#define FILE_SIZE 0x3000U
#define ROUNDS 60000U
#define BASE 0x200000ULL

struct image {
    Elf64_Ehdr header;
    Elf64_Phdr segments[20];
};

/* Code at BASE, data with a bss behind it. */
static void good_image(struct image *image)
{
    static const unsigned char ident[EI_NIDENT] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};

    memset(image, 0, sizeof(*image));
    memcpy(image->header.e_ident, ident, sizeof(ident));
    image->header.e_type = ET_DYN;
    image->header.e_machine = EM_AARCH64;
    image->header.e_version = EV_CURRENT;
    image->header.e_entry = BASE + 0x10;
    image->header.e_phoff = sizeof(Elf64_Ehdr);
    image->header.e_ehsize = sizeof(Elf64_Ehdr);
    image->header.e_phentsize = sizeof(Elf64_Phdr);
    image->header.e_phnum = 3;
    image->segments[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                                      .p_flags = PF_R | PF_X,
                                      .p_offset = 0x1000,
                                      .p_vaddr = BASE,
                                      .p_filesz = 0x800,
                                      .p_memsz = 0x800,
                                      .p_align = 0x1000};
    image->segments[1] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = 0xfffffffffffffff0ULL, .p_filesz = 0x1000};
    image->segments[2] = (Elf64_Phdr){.p_type = PT_LOAD,
                                      .p_flags = PF_R | PF_W,
                                      .p_offset = 0x2000,
                                      .p_vaddr = BASE + 0x1000,
                                      .p_filesz = 0x123,
                                      .p_memsz = 0x2345,
                                      .p_align = 0x1000};
}

/* The file with this image at its start; every other byte says where it is. Misaligned by `skew` bytes on purpose. */
static uint8_t *make_file(const struct image *image, size_t size, size_t skew)
{
    uint8_t *room = malloc(size + skew);

    assert_non_null(room);
    for (size_t i = 0; i < size; i++) {
        room[skew + i] = (uint8_t)(i * 7U + (i >> 8) + 1U);
    }
    memcpy(room + skew, image, size < sizeof(*image) ? size : sizeof(*image));
    return room;
}

static enum boot_elf_status read_image(const struct image *image, struct boot_elf *elf)
{
    uint8_t *room = make_file(image, FILE_SIZE, 1);
    enum boot_elf_status status = boot_elf_read(room + 1, FILE_SIZE, elf);

    free(room);
    return status;
}

static void assert_promises(const struct boot_elf *elf, size_t size)
{
    uint64_t last = 0;

    assert_true(elf->span != 0 && elf->span % 4096U == 0 && elf->span <= BOOT_ELF_MAX_SPAN);
    assert_true(elf->entry % 4U == 0 && elf->entry < elf->span);
    assert_true(elf->segment_count >= 1 && elf->segment_count <= BOOT_ELF_MAX_SEGMENTS);
    for (size_t i = 0; i < elf->segment_count; i++) {
        const struct boot_elf_segment *s = &elf->segments[i];

        assert_true(s->offset <= size && s->file_size <= size - s->offset);
        assert_true(s->file_size <= s->mem_size);
        assert_true(s->dest >= last);
        assert_true(s->dest <= elf->span && s->mem_size <= elf->span - s->dest);
        last = s->dest + s->mem_size;
    }
}

static void test_good(void **state)
{
    struct image image;
    struct boot_elf elf;
    uint8_t *room;
    uint8_t *memory;

    (void)state;
    good_image(&image);
    room = make_file(&image, FILE_SIZE, 3);
    assert_int_equal(boot_elf_read(room + 3, FILE_SIZE, &elf), BOOT_ELF_OK);
    assert_promises(&elf, FILE_SIZE);
    assert_int_equal(elf.span, 0x4000);
    assert_int_equal(elf.entry, 0x10);
    assert_int_equal(elf.segment_count, 2);

    memory = malloc(elf.span);
    assert_non_null(memory);
    memset(memory, 0xaa, elf.span);
    boot_elf_copy(&elf, room + 3, memory);
    for (size_t i = 0; i < elf.span; i++) {
        uint8_t want = 0;

        if (i < 0x800) {
            want = room[3 + 0x1000 + i];
        } else if (i >= 0x1000 && i < 0x1123) {
            want = room[3 + 0x2000 + i - 0x1000];
        }
        assert_int_equal(memory[i], want);
    }
    free(memory);
    free(room);
}

/* Every file that is cut short somewhere, down to nothing. */
static void test_cut_short(void **state)
{
    struct image image;

    (void)state;
    good_image(&image);
    for (size_t size = 0; size < 0x2123; size++) {
        uint8_t *room = make_file(&image, size, 0);
        struct boot_elf elf;

        assert_int_equal(boot_elf_read(room, size, &elf), BOOT_ELF_TRUNCATED);
        free(room);
    }
}

struct fault {
    enum boot_elf_status status;
    size_t offset; /* in struct image */
    size_t size;
    uint64_t value;
};

#define FAULT(status, member, value)                                                                                   \
    {                                                                                                                  \
        status, offsetof(struct image, member), sizeof(((struct image *)0)->member), value                             \
    }

/* One field wrong at a time, and the word for it. */
static void test_each_fault(void **state)
{
    static const struct fault faults[] = {
        FAULT(BOOT_ELF_NOT_ELF64, header.e_ident[0], 0x7e),
        FAULT(BOOT_ELF_NOT_ELF64, header.e_ident[EI_CLASS], ELFCLASS32),
        FAULT(BOOT_ELF_NOT_ELF64, header.e_ident[EI_DATA], ELFDATA2MSB),
        FAULT(BOOT_ELF_NOT_ELF64, header.e_ident[EI_VERSION], 2),
        FAULT(BOOT_ELF_NOT_ELF64, header.e_version, 0),
        FAULT(BOOT_ELF_NOT_AARCH64, header.e_machine, EM_X86_64),
        FAULT(BOOT_ELF_NOT_DYN, header.e_type, ET_EXEC),
        FAULT(BOOT_ELF_BAD_HEADERS, header.e_phentsize, 55),
        FAULT(BOOT_ELF_BAD_HEADERS, header.e_phnum, 0),
        FAULT(BOOT_ELF_TRUNCATED, header.e_phnum, 0xffff),
        FAULT(BOOT_ELF_TRUNCATED, header.e_phoff, FILE_SIZE - 2U * sizeof(Elf64_Phdr)),
        FAULT(BOOT_ELF_TRUNCATED, header.e_phoff, UINT64_MAX),
        FAULT(BOOT_ELF_TRUNCATED, header.e_phoff, UINT64_MAX - sizeof(Elf64_Phdr)),
        FAULT(BOOT_ELF_BAD_ENTRY, header.e_entry, 0),
        FAULT(BOOT_ELF_BAD_ENTRY, header.e_entry, UINT64_MAX),
        FAULT(BOOT_ELF_BAD_ENTRY, header.e_entry, BASE - 4U),
        FAULT(BOOT_ELF_BAD_ENTRY, header.e_entry, BASE + 0x800U),
        FAULT(BOOT_ELF_BAD_ENTRY, header.e_entry, BASE + 0x7feU),
        FAULT(BOOT_ELF_BAD_ENTRY, header.e_entry, BASE + 0x12U),
        FAULT(BOOT_ELF_BAD_ENTRY, header.e_entry, BASE + 0x1000U), /* in the data */
        FAULT(BOOT_ELF_TRUNCATED, segments[0].p_offset, FILE_SIZE - 0x7ffU),
        FAULT(BOOT_ELF_TRUNCATED, segments[0].p_offset, UINT64_MAX),
        FAULT(BOOT_ELF_TRUNCATED, segments[2].p_filesz, UINT64_MAX),
        FAULT(BOOT_ELF_BAD_SEGMENT, segments[0].p_memsz, 0x7ff),
        FAULT(BOOT_ELF_BAD_SEGMENT, segments[2].p_vaddr, UINT64_MAX - 0x2000U),
        FAULT(BOOT_ELF_BAD_SEGMENT, segments[0].p_align, 0x1001),
        FAULT(BOOT_ELF_BAD_SEGMENT, segments[0].p_align, 0x400000),
        FAULT(BOOT_ELF_WRITE_EXECUTE, segments[0].p_flags, PF_R | PF_W | PF_X),
        FAULT(BOOT_ELF_OVERLAP, segments[2].p_vaddr, BASE + 0x7ffU),
        FAULT(BOOT_ELF_OVERLAP, segments[2].p_vaddr, 0),
        FAULT(BOOT_ELF_NOT_ALIGNED, segments[0].p_vaddr, BASE - 0x1000U),
        FAULT(BOOT_ELF_TOO_BIG, segments[2].p_vaddr, BASE + BOOT_ELF_MAX_SPAN),
        FAULT(BOOT_ELF_TOO_BIG, segments[2].p_memsz, BOOT_ELF_MAX_SPAN),
        FAULT(BOOT_ELF_BAD_ENTRY, segments[0].p_flags, PF_R),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct image image;
        struct boot_elf elf;

        good_image(&image);
        memcpy((char *)&image + faults[i].offset, &faults[i].value, faults[i].size);
        assert_int_equal(read_image(&image, &elf), faults[i].status);
    }
}

static void test_nothing_to_load(void **state)
{
    struct image image;
    struct boot_elf elf;

    (void)state;
    good_image(&image);
    image.segments[0].p_type = PT_NOTE;
    image.segments[2].p_type = PT_NOTE;
    assert_int_equal(read_image(&image, &elf), BOOT_ELF_BAD_HEADERS);
}

static void test_too_many(void **state)
{
    struct image image;
    struct boot_elf elf;

    (void)state;
    good_image(&image);
    for (size_t i = 1; i < 17; i++) {
        image.segments[i] = image.segments[2];
        image.segments[i].p_type = PT_LOAD;
        image.segments[i].p_vaddr = BASE + i * 0x4000U;
    }
    image.header.e_phnum = 16;
    assert_int_equal(read_image(&image, &elf), BOOT_ELF_OK);
    assert_int_equal(elf.segment_count, 16);
    image.header.e_phnum = 17;
    assert_int_equal(read_image(&image, &elf), BOOT_ELF_TOO_MANY);
}

/* The largest image that is allowed, and the last instruction of a segment as entry. */
static void test_limits(void **state)
{
    struct image image;
    struct boot_elf elf;

    (void)state;
    good_image(&image);
    image.segments[2].p_memsz = BOOT_ELF_MAX_SPAN - 0x1000U;
    image.header.e_entry = BASE + 0x7fcU;
    assert_int_equal(read_image(&image, &elf), BOOT_ELF_OK);
    assert_int_equal(elf.span, BOOT_ELF_MAX_SPAN);
    assert_int_equal(elf.entry, 0x7fc);
    image.segments[2].p_memsz++;
    assert_int_equal(read_image(&image, &elf), BOOT_ELF_TOO_BIG);
}

static uint64_t random_value(struct seeded *seeded)
{
    static const uint64_t edges[] = {0, 1, 0x1000, BASE, FILE_SIZE, BOOT_ELF_MAX_SPAN, 1ULL << 63, UINT64_MAX};
    uint64_t edge = edges[seeded_below(seeded, sizeof(edges) / sizeof(edges[0]))];

    switch (seeded_below(seeded, 4)) {
    case 0:
        return seeded_next(seeded);
    case 1:
        return seeded_below(seeded, FILE_SIZE + 0x100U);
    default:
        return edge + seeded_below(seeded, 17) - 8U;
    }
}

/* Some words of the headers replaced: accepted or refused, never a promise broken or a byte read outside. */
static void test_random(void **state)
{
    struct seeded seeded;
    unsigned accepted = 0;

    (void)state;
    seeded_start(&seeded, "boot_elf");
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct image image;
        struct boot_elf elf;
        size_t size = seeded_below(&seeded, 4) == 0 ? seeded_below(&seeded, FILE_SIZE) : FILE_SIZE;
        uint8_t *room;

        good_image(&image);
        for (uint64_t i = seeded_below(&seeded, 4); i > 0; i--) {
            size_t at = 24U + seeded_below(&seeded, (sizeof(Elf64_Ehdr) + 3U * sizeof(Elf64_Phdr) - 24U) / 8U) * 8U;
            uint64_t value = random_value(&seeded);

            memcpy((char *)&image + at, &value, sizeof(value));
        }
        room = malloc(size);
        assert_non_null(room);
        memcpy(room, &image, size < sizeof(image) ? size : sizeof(image));
        if (boot_elf_read(room, size, &elf) == BOOT_ELF_OK) {
            accepted++;
            assert_promises(&elf, size);
        }
        free(room);
    }
    /* The test looks at both sides. */
    assert_in_range(accepted, ROUNDS / 100U, ROUNDS - ROUNDS / 100U);
}

static void test_status_texts(void **state)
{
    (void)state;
    for (int i = BOOT_ELF_OK; i <= BOOT_ELF_BAD_ENTRY; i++) {
        const char *text = boot_elf_text((enum boot_elf_status)i);

        assert_non_null(text);
        assert_true(strlen(text) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),       cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_each_fault), cmocka_unit_test(test_nothing_to_load),
        cmocka_unit_test(test_too_many),   cmocka_unit_test(test_limits),
        cmocka_unit_test(test_random),     cmocka_unit_test(test_status_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
