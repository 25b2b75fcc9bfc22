/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader's files that call UEFI, over a small firmware of the test's own that misbehaves on demand: memory,
 * console, files (each way in which loading can fail, and that every page comes back), memory map and the way out with
 * stale keys. The pages are real allocations, so AddressSanitizer sees what is written outside or not given back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>
#include <sanitizer/asan_interface.h>

#include "boot.h"

#define PAGE 4096U
#define ARENA_PAGES 8192U
#define KERNEL_SIZE 21000001U
#define INITRD_SIZE 5000U

/* The firmware's state, and what it shall do wrong. */
static struct {
    char console[16384];
    size_t console_used;
    size_t page_count; /* pages that are allocated */
    size_t budget;     /* pages of the arena that may be used */
    bool taken[ARENA_PAGES];
    unsigned open_files;

    const char *missing;  /* path that Open does not find */
    const char *denied;   /* path that Open refuses */
    const char *no_info;  /* path whose GetInfo fails */
    const char *folder;   /* path that is a directory */
    const char *short_of; /* path whose contents end early, with EFI_SUCCESS */
    const char *broken;   /* path whose second Read fails */
    const char *greedy;   /* path whose Read claims more than it was asked for */
    bool no_volume;

    unsigned stale; /* ExitBootServices refuses this many keys */
    unsigned exits;
    unsigned maps;
    uint64_t key;
    bool changed; /* something was allocated since the last GetMemoryMap */
    size_t descriptors;
    EFI_STATUS map_status;
} firmware;

static struct boot boot;
static uint8_t *arena; /* ARENA_PAGES pages, the first one not 2 MiB aligned */
static uint8_t *config_blob;
static size_t config_size;

/* Memory: first fit in an arena whose free pages are poisoned, so that AddressSanitizer sees every stray access. */
static bool arena_fits(size_t at, size_t pages)
{
    for (size_t i = 0; i < pages; i++) {
        if (at + i >= firmware.budget || firmware.taken[at + i]) {
            return false;
        }
    }
    return true;
}

static EFI_STATUS allocate_pages(enum EFI_ALLOCATE_TYPE type, enum EFI_MEMORY_TYPE memory_type, UINTN pages,
                                 EFI_PHYSICAL_ADDRESS *memory)
{
    size_t at = 0;

    assert_int_equal(type, AllocateAnyPages);
    assert_true(memory_type == EfiLoaderData || memory_type == EfiLoaderCode);
    assert_true(pages > 0);
    while (at < firmware.budget && !arena_fits(at, pages)) {
        at++;
    }
    if (at >= firmware.budget) {
        return EFI_OUT_OF_RESOURCES;
    }
    memset(firmware.taken + at, true, pages);
    ASAN_UNPOISON_MEMORY_REGION(arena + at * PAGE, pages * PAGE);
    memset(arena + at * PAGE, 0xa5, pages * PAGE);
    firmware.page_count += pages;
    firmware.changed = true;
    *memory = (uintptr_t)(arena + at * PAGE);
    return EFI_SUCCESS;
}

static EFI_STATUS free_pages(EFI_PHYSICAL_ADDRESS memory, UINTN pages)
{
    size_t at = (memory - (uintptr_t)arena) / PAGE;

    assert_int_equal(memory % PAGE, 0);
    for (size_t i = 0; i < pages; i++) {
        assert_true(at + i < ARENA_PAGES && firmware.taken[at + i]);
        firmware.taken[at + i] = false;
    }
    ASAN_POISON_MEMORY_REGION(arena + at * PAGE, pages * PAGE);
    firmware.page_count -= pages;
    firmware.changed = true;
    return EFI_SUCCESS;
}

static EFI_STATUS output_string(struct EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL *self, const CHAR16 *string)
{
    (void)self;
    /* Nothing may be printed once an exit was tried. */
    assert_int_equal(firmware.exits, 0);
    for (; *string != 0; string++) {
        assert_true(*string < 0x80);
        assert_true(firmware.console_used + 1 < sizeof(firmware.console));
        firmware.console[firmware.console_used++] = (char)*string;
    }
    firmware.console[firmware.console_used] = '\0';
    return EFI_SUCCESS;
}

/* Files: the path and how far it was read. */
struct file {
    struct EFI_FILE_PROTOCOL protocol;
    char path[128];
    uint64_t position;
    unsigned reads;
};

static uint8_t file_byte(uint64_t at)
{
    return (uint8_t)(at * 31U + (at >> 9));
}

static uint64_t file_length(const char *path)
{
    if (strcmp(path, CONFIG_PATH_EFI) == 0) {
        return config_size;
    }
    return strcmp(path, "\\ashlar\\vm0\\kernel") == 0 ? KERNEL_SIZE : INITRD_SIZE;
}

static bool is(const char *wanted, const struct file *file)
{
    return wanted != NULL && strcmp(wanted, file->path) == 0;
}

static EFI_STATUS file_read(struct EFI_FILE_PROTOCOL *self, UINTN *size, void *buffer)
{
    struct file *file = (struct file *)self;
    uint64_t length = file_length(file->path);
    uint64_t part = length - file->position < *size ? length - file->position : *size;

    file->reads++;
    if (is(firmware.broken, file) && file->reads == 2) {
        return EFI_DEVICE_ERROR;
    }
    if (is(firmware.short_of, file) && file->position + part == length) {
        part = file->reads > 1 && part == 1 ? 0 : part - 1U;
    }
    for (uint64_t i = 0; i < part; i++) {
        uint64_t at = file->position + i;

        ((uint8_t *)buffer)[i] = strcmp(file->path, CONFIG_PATH_EFI) == 0 ? config_blob[at] : file_byte(at);
    }
    file->position += part;
    *size = is(firmware.greedy, file) ? *size + 1U : part;
    return EFI_SUCCESS;
}

static EFI_STATUS file_get_info(struct EFI_FILE_PROTOCOL *self, const struct EFI_GUID *type, UINTN *size, void *buffer)
{
    static const struct EFI_GUID id = EFI_FILE_INFO_ID;
    struct file *file = (struct file *)self;
    struct EFI_FILE_INFO *info = buffer;

    assert_memory_equal(type, &id, sizeof(id));
    assert_true(*size >= sizeof(*info) + sizeof(CHAR16));
    if (is(firmware.no_info, file)) {
        return EFI_VOLUME_CORRUPTED;
    }
    memset(info, 0, sizeof(*info));
    info->FileSize = file_length(file->path);
    info->Attribute = is(firmware.folder, file) ? EFI_FILE_DIRECTORY : 0;
    *size = sizeof(*info) + sizeof(CHAR16);
    return EFI_SUCCESS;
}

static EFI_STATUS file_close(struct EFI_FILE_PROTOCOL *self)
{
    firmware.open_files--;
    free(self);
    return EFI_SUCCESS;
}

static EFI_STATUS file_open(struct EFI_FILE_PROTOCOL *self, struct EFI_FILE_PROTOCOL **opened, const CHAR16 *name,
                            uint64_t mode, uint64_t attributes)
{
    struct file *file = calloc(1, sizeof(*file));

    (void)self;
    assert_non_null(file);
    assert_int_equal(mode, EFI_FILE_MODE_READ);
    assert_int_equal(attributes, 0);
    for (size_t i = 0; name[i] != 0; i++) {
        assert_true(i + 1 < sizeof(file->path));
        file->path[i] = (char)name[i];
    }
    if (is(firmware.missing, file) || is(firmware.denied, file)) {
        EFI_STATUS status = is(firmware.missing, file) ? EFI_NOT_FOUND : EFI_ACCESS_DENIED;

        free(file);
        return status;
    }
    file->protocol =
        (struct EFI_FILE_PROTOCOL){.Open = file_open, .Close = file_close, .Read = file_read, .GetInfo = file_get_info};
    firmware.open_files++;
    *opened = &file->protocol;
    return EFI_SUCCESS;
}

static EFI_STATUS open_volume(struct EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *self, struct EFI_FILE_PROTOCOL **root)
{
    static const CHAR16 nothing[] = {0};

    (void)self;
    return file_open(NULL, root, nothing, EFI_FILE_MODE_READ, 0);
}

static struct EFI_LOADED_IMAGE_PROTOCOL loaded_image = {.DeviceHandle = &loaded_image};
static struct EFI_SIMPLE_FILE_SYSTEM_PROTOCOL volume = {.OpenVolume = open_volume};

static EFI_STATUS handle_protocol(EFI_HANDLE handle, const struct EFI_GUID *guid, void **interface)
{
    static const struct EFI_GUID image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    static const struct EFI_GUID volume_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;

    if (handle == &boot && memcmp(guid, &image_guid, sizeof(*guid)) == 0) {
        *interface = &loaded_image;
        return EFI_SUCCESS;
    }
    if (handle == &loaded_image && !firmware.no_volume && memcmp(guid, &volume_guid, sizeof(*guid)) == 0) {
        *interface = &volume;
        return EFI_SUCCESS;
    }
    return EFI_UNSUPPORTED;
}

/* The map: descriptors of 48 bytes; with each stale key one more, as if an event had allocated. */
static EFI_STATUS get_memory_map(UINTN *size, struct EFI_MEMORY_DESCRIPTOR *map, UINTN *key, UINTN *descriptor_size,
                                 uint32_t *version)
{
    UINTN needed = firmware.descriptors * 48U;

    firmware.maps++;
    *descriptor_size = 48;
    *version = 1;
    if (firmware.map_status != EFI_SUCCESS) {
        return firmware.map_status;
    }
    if (*size < needed || map == NULL) {
        *size = needed;
        return EFI_BUFFER_TOO_SMALL;
    }
    for (size_t i = 0; i < firmware.descriptors; i++) {
        struct EFI_MEMORY_DESCRIPTOR d = {.Type = i % 2 == 0 ? EfiConventionalMemory : EfiReservedMemoryType,
                                          .PhysicalStart = 0x40000000 + i * PAGE,
                                          .NumberOfPages = 1,
                                          .Attribute = EFI_MEMORY_WB};

        memcpy((char *)map + i * 48U, &d, sizeof(d));
    }
    *size = needed;
    *key = ++firmware.key;
    firmware.changed = false;
    return EFI_SUCCESS;
}

static EFI_STATUS exit_boot_services(EFI_HANDLE image, UINTN key)
{
    assert_ptr_equal(image, &boot);
    assert_false(firmware.changed);
    firmware.exits++;
    if (firmware.stale > 0) {
        firmware.stale--;
        firmware.descriptors++;
        return EFI_INVALID_PARAMETER;
    }
    assert_int_equal(key, firmware.key);
    return EFI_SUCCESS;
}

static struct EFI_BOOT_SERVICES services = {.AllocatePages = allocate_pages,
                                            .FreePages = free_pages,
                                            .GetMemoryMap = get_memory_map,
                                            .HandleProtocol = handle_protocol,
                                            .ExitBootServices = exit_boot_services};
static struct EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL console = {.OutputString = output_string};
static struct EFI_SYSTEM_TABLE system_table = {.BootServices = &services, .ConOut = &console};
static struct handoff handoff;

static void put_string(void *fdt, int node, const char *name, const char *value)
{
    assert_int_equal(fdt_setprop_string(fdt, node, name, value), 0);
}

/* One VM with kernel and initrd. */
static void make_config(uint32_t memory_low)
{
    int node;

    config_blob = calloc(1, 4096);
    assert_non_null(config_blob);
    assert_int_equal(fdt_create_empty_tree(config_blob, 4096), 0);
    put_string(config_blob, 0, "compatible", CONFIG_COMPATIBLE);
    node = fdt_add_subnode(config_blob, 0, "vms");
    node = fdt_add_subnode(config_blob, node, "vm@0");
    assert_true(node > 0);
    put_string(config_blob, node, "name", "one");
    put_string(config_blob, node, "kernel", "\\ashlar\\vm0\\kernel");
    put_string(config_blob, node, "initrd", "\\ashlar\\vm0\\initrd");
    put_string(config_blob, node, "cmdline", "");
    put_string(config_blob, node, "on-reset", "stop");
    put_string(config_blob, node, "on-crash", "stop");
    assert_int_equal(fdt_setprop_u32(config_blob, node, "cpus", 1), 0);
    assert_int_equal(fdt_setprop_u64(config_blob, node, "memory", memory_low), 0);
    assert_int_equal(fdt_setprop_u64(config_blob, node, "kernel-size", KERNEL_SIZE), 0);
    assert_int_equal(fdt_setprop_u64(config_blob, node, "initrd-size", INITRD_SIZE), 0);
    assert_int_equal(fdt_setprop_u32(config_blob, node, "autostart", 1), 0);
    assert_int_equal(fdt_setprop_u32(config_blob, node, "stop-timeout-ms", 1000), 0);
    assert_int_equal(fdt_setprop_u32(config_blob, node, "weight", 100), 0);
    assert_int_equal(fdt_setprop_u32(config_blob, node, "cap", 0), 0);
    node = fdt_add_subnode(config_blob, 0, "host");
    put_string(config_blob, node, "console", "auto");
    put_string(config_blob, node, "when-idle", "poweroff");
    put_string(config_blob, node, "mitigations", "auto");
    assert_int_equal(fdt_pack(config_blob), 0);
    config_size = fdt_totalsize(config_blob);
}

static int set_up(void **state)
{
    static uint8_t *room;

    (void)state;
    if (room == NULL) {
        room = aligned_alloc(0x200000, (ARENA_PAGES + 512U) * PAGE);
        assert_non_null(room);
        arena = room + 3U * PAGE;
    }
    free(config_blob);
    memset(&firmware, 0, sizeof(firmware));
    memset(&boot, 0, sizeof(boot));
    memset(&handoff, 0, sizeof(handoff));
    ASAN_POISON_MEMORY_REGION(arena, ARENA_PAGES * PAGE);
    firmware.budget = ARENA_PAGES;
    firmware.descriptors = 10;
    boot.image = &boot;
    boot.system = &system_table;
    boot.services = &services;
    boot.handoff = &handoff;
    make_config(0x4000000);
    return 0;
}

/* Whatever happened: no file stays open, every page comes back. */
static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(firmware.open_files, 0);
    boot_memory_free_all(&boot);
    assert_int_equal(firmware.page_count, 0);
    return 0;
}

static void assert_said(const char *text)
{
    if (strstr(firmware.console, text) == NULL) {
        (void)fprintf(stderr, "# console: %s\n# wanted: %s\n", firmware.console, text);
    }
    assert_non_null(strstr(firmware.console, text));
}

static void assert_not_said(const char *text)
{
    assert_null(strstr(firmware.console, text));
}

static void test_console(void **state)
{
    (void)state;
    boot_line(&boot, "%s %c %u %llu %x %llx %08x %02u %% %5u", "text", 'c', 4294967295U, 18446744073709551615ULL,
              0xabcU, 0xfedcba9876543210ULL, 0x1fU, 7U, 123456U);
    assert_string_equal(firmware.console,
                        "ashlar: text c 4294967295 18446744073709551615 abc fedcba9876543210 0000001f 07 "
                        "% 123456\r\n");
    firmware.console_used = 0;
    boot_error(&boot, "one\ntwo");
    assert_string_equal(firmware.console, "ashlar: error: one\r\ntwo\r\n");
    boot.system->ConOut = NULL;
    boot_line(&boot, "nowhere");
    boot.system->ConOut = &console;
}

static void test_status_names(void **state)
{
    (void)state;
    assert_string_equal(boot_status_text(EFI_SUCCESS), "EFI_SUCCESS");
    assert_string_equal(boot_status_text(EFI_NOT_FOUND), "EFI_NOT_FOUND");
    assert_string_equal(boot_status_text(EFI_CRC_ERROR), "EFI_CRC_ERROR");
    for (uint64_t i = 0; i < 70; i++) {
        assert_non_null(boot_status_text(i));
        assert_non_null(boot_status_text(EFI_ERROR_BIT | i));
    }
    assert_string_equal(boot_status_text(UINT64_MAX), "an unknown EFI_STATUS");
    assert_string_equal(boot_status_text(EFI_ERROR_BIT | 17U), "an unknown EFI_STATUS");
}

static void test_memory_alignment(void **state)
{
    (void)state;
    for (uint64_t align = PAGE; align <= 0x400000; align *= 2) {
        for (uint64_t size = 1; size < 3 * PAGE; size += 2999) {
            uint64_t base = 0;
            size_t before = firmware.page_count;

            assert_int_equal(boot_memory_allocate(&boot, EfiLoaderData, HANDOFF_RAM_POOL, size, align, &base),
                             EFI_SUCCESS);
            assert_int_equal(base % align, 0);
            /* Nothing more than was asked for is kept. */
            assert_int_equal(firmware.page_count - before, (size + PAGE - 1U) / PAGE);
            assert_int_equal(boot.own[boot.own_count - 1U].base, base);
            assert_int_equal(boot.own[boot.own_count - 1U].size, (size + PAGE - 1U) / PAGE * PAGE);
            assert_int_equal(boot.own[boot.own_count - 1U].type, HANDOFF_RAM_POOL);
            memset((void *)(uintptr_t)base, 1, boot.own[boot.own_count - 1U].size);
        }
        boot_memory_free_all(&boot);
    }
}

static void test_memory_limits(void **state)
{
    uint64_t base = 0;

    (void)state;
    assert_int_equal(boot_memory_allocate(&boot, EfiLoaderData, HANDOFF_RAM_POOL, UINT64_MAX, PAGE, &base),
                     EFI_OUT_OF_RESOURCES);
    assert_int_equal(boot_memory_allocate(&boot, EfiLoaderData, HANDOFF_RAM_POOL, ARENA_PAGES * PAGE + 1U, PAGE, &base),
                     EFI_OUT_OF_RESOURCES);
    for (size_t i = 0; i < BOOT_MAX_OWN; i++) {
        assert_int_equal(boot_memory_allocate(&boot, EfiLoaderData, HANDOFF_RAM_POOL, 1, PAGE, &base), EFI_SUCCESS);
    }
    assert_int_equal(boot_memory_allocate(&boot, EfiLoaderData, HANDOFF_RAM_POOL, 1, PAGE, &base),
                     EFI_OUT_OF_RESOURCES);
}

static void test_volume(void **state)
{
    (void)state;
    assert_int_equal(boot_volume_load(&boot), EFI_SUCCESS);
    assert_int_equal(handoff.config_size, config_size);
    assert_memory_equal((void *)(uintptr_t)handoff.config, config_blob, config_size);
    assert_int_equal(handoff.module_count, 2);
    for (uint32_t m = 0; m < 2; m++) {
        const uint8_t *bytes = (const uint8_t *)(uintptr_t)handoff.modules[m].base;

        assert_int_equal(handoff.modules[m].vm, 0);
        assert_int_equal(handoff.modules[m].kind, m == 0 ? HANDOFF_MODULE_KERNEL : HANDOFF_MODULE_INITRD);
        assert_int_equal(handoff.modules[m].size, m == 0 ? KERNEL_SIZE : INITRD_SIZE);
        for (uint64_t i = 0; i < handoff.modules[m].size; i++) {
            assert_true(bytes[i] == file_byte(i));
        }
    }
    assert_said("ashlar: one: kernel: \\ashlar\\vm0\\kernel, 21 MiB 25% 50% 75%\r\n");
    assert_said("ashlar: one: initrd: \\ashlar\\vm0\\initrd, 5 KiB\r\n");
    assert_said("ashlar: configuration: 1 VM\r\n");
    assert_not_said("error");
}

/* Each way in which one file can fail. The fault is set by `fault`, a member of `firmware`. */
static void check_fault(const char **fault, const char *path, EFI_STATUS status, const char *words)
{
    *fault = path;
    assert_int_equal(boot_volume_load(&boot), status);
    assert_said(words);
    assert_int_equal(firmware.open_files, 0);
}

static void test_missing(void **state)
{
    (void)state;
    check_fault(&firmware.missing, "\\ashlar\\vm0\\initrd", EFI_NOT_FOUND,
                "one: initrd: \\ashlar\\vm0\\initrd is missing on the");
}

static void test_missing_config(void **state)
{
    (void)state;
    check_fault(&firmware.missing, CONFIG_PATH_EFI, EFI_NOT_FOUND,
                "host: configuration: \\ashlar\\config.dtb is missing on the");
}

static void test_denied(void **state)
{
    (void)state;
    check_fault(&firmware.denied, "\\ashlar\\vm0\\kernel", EFI_ACCESS_DENIED, "does not open (EFI_ACCESS_DENIED)");
}

static void test_no_info(void **state)
{
    (void)state;
    check_fault(&firmware.no_info, "\\ashlar\\vm0\\kernel", EFI_VOLUME_CORRUPTED,
                "can't be read (EFI_VOLUME_CORRUPTED)");
}

static void test_folder(void **state)
{
    (void)state;
    check_fault(&firmware.folder, "\\ashlar\\vm0\\kernel", EFI_LOAD_ERROR, "kernel is a directory");
}

static void test_cut_short(void **state)
{
    (void)state;
    check_fault(&firmware.short_of, "\\ashlar\\vm0\\kernel", EFI_LOAD_ERROR, "byte 21000000 of 21000001 (end of file)");
}

static void test_read_error(void **state)
{
    (void)state;
    check_fault(&firmware.broken, "\\ashlar\\vm0\\kernel", EFI_DEVICE_ERROR,
                "byte 4194304 of 21000001 (EFI_DEVICE_ERROR)");
}

static void test_greedy_read(void **state)
{
    (void)state;
    check_fault(&firmware.greedy, "\\ashlar\\vm0\\initrd", EFI_LOAD_ERROR, "reading \\ashlar\\vm0\\initrd stopped");
}

static void test_no_volume(void **state)
{
    (void)state;
    firmware.no_volume = true;
    assert_int_equal(boot_volume_load(&boot), EFI_UNSUPPORTED);
    assert_said("volume: ashlar.efi did not come from a file system (EFI_UNSUPPORTED)");
}

static void test_no_memory_for_file(void **state)
{
    (void)state;
    firmware.budget = 100;
    assert_int_equal(boot_volume_load(&boot), EFI_OUT_OF_RESOURCES);
    assert_said("one: kernel: no memory for the 21 MiB of \\ashlar\\vm0\\kernel (EFI_OUT_OF_RESOURCES)");
}

static void test_config_refused(void **state)
{
    (void)state;
    free(config_blob);
    make_config(0x4000001);
    assert_int_equal(boot_volume_load(&boot), EFI_LOAD_ERROR);
    assert_said("error: configuration: vm@0: memory: found '");
    assert_said("config.dtb is refused");
    assert_int_equal(handoff.module_count, 0);
}

static void test_config_empty(void **state)
{
    (void)state;
    config_size = 0;
    assert_int_equal(boot_volume_load(&boot), EFI_LOAD_ERROR);
    assert_said("has 0 bytes, allowed are 1 to 1048576");
}

static void test_exit_at_once(void **state)
{
    (void)state;
    assert_int_equal(boot_map_allocate(&boot), EFI_SUCCESS);
    assert_int_equal(boot_map_exit(&boot), EFI_SUCCESS);
    assert_int_equal(firmware.exits, 1);
    assert_int_equal(handoff.efi_map_size, 480);
    assert_int_equal(handoff.efi_descriptor_size, 48);
    assert_int_equal(handoff.efi_descriptor_version, 1);
    /* And the room for the map itself. */
    assert_int_equal(handoff.region_count, 10 + 1);
    firmware.exits = 0;
}

/* A stale key: a new map each time, and the regions are of the last one. */
static void test_exit_stale(void **state)
{
    (void)state;
    assert_int_equal(boot_map_allocate(&boot), EFI_SUCCESS);
    firmware.stale = 3;
    firmware.maps = 0;
    assert_int_equal(boot_map_exit(&boot), EFI_SUCCESS);
    assert_int_equal(firmware.exits, 4);
    assert_int_equal(firmware.maps, 4);
    assert_int_equal(handoff.efi_map_size, 13 * 48);
    assert_int_equal(handoff.region_count, 13 + 1);
    firmware.exits = 0;
}

static void test_exit_never(void **state)
{
    (void)state;
    assert_int_equal(boot_map_allocate(&boot), EFI_SUCCESS);
    firmware.stale = 1000;
    assert_int_equal(boot_map_exit(&boot), EFI_INVALID_PARAMETER);
    assert_in_range(firmware.exits, 2, 100);
    firmware.exits = 0;
}

/* The map outgrew its room: given up, not written behind it. */
static void test_exit_map_grows(void **state)
{
    (void)state;
    assert_int_equal(boot_map_allocate(&boot), EFI_SUCCESS);
    firmware.descriptors = 10 + 64 + 4096 / 48 + 1;
    assert_int_equal(boot_map_exit(&boot), EFI_BUFFER_TOO_SMALL);
    assert_int_equal(firmware.exits, 0);
}

static void test_exit_too_many_regions(void **state)
{
    (void)state;
    firmware.descriptors = HANDOFF_MAX_REGIONS + 1U;
    assert_int_equal(boot_map_allocate(&boot), EFI_SUCCESS);
    assert_int_equal(boot_map_exit(&boot), EFI_UNSUPPORTED);
    assert_int_equal(firmware.exits, 0);
}

static void test_map_refused(void **state)
{
    (void)state;
    firmware.map_status = EFI_DEVICE_ERROR;
    assert_int_equal(boot_map_allocate(&boot), EFI_DEVICE_ERROR);
    assert_said("memory map: the firmware gives none (EFI_DEVICE_ERROR)");
    firmware.map_status = EFI_SUCCESS;
    firmware.budget = 0;
    assert_int_equal(boot_map_allocate(&boot), EFI_OUT_OF_RESOURCES);
    assert_said("memory map: no memory for");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_console),
        TEST(test_status_names),
        TEST(test_memory_alignment),
        TEST(test_memory_limits),
        TEST(test_volume),
        TEST(test_missing),
        TEST(test_missing_config),
        TEST(test_denied),
        TEST(test_no_info),
        TEST(test_folder),
        TEST(test_cut_short),
        TEST(test_read_error),
        TEST(test_greedy_read),
        TEST(test_no_volume),
        TEST(test_no_memory_for_file),
        TEST(test_config_refused),
        TEST(test_config_empty),
        TEST(test_exit_at_once),
        TEST(test_exit_stale),
        TEST(test_exit_never),
        TEST(test_exit_map_grows),
        TEST(test_exit_too_many_regions),
        TEST(test_map_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
