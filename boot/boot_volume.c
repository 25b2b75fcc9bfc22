/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads the compiled configuration and every file that it names from the volume that ashlar.efi came from: UEFI 2.10,
 * 9.1 (loaded image), 13.4 and 13.5 (files); include/ashlar/config.h for the paths. Fills the module array of struct
 * handoff. A file is read in chunks so that a long read shows that it lives.
 */
#include <string.h>

#include "boot.h"

#define CHUNK (4U * MIB)
#define PROGRESS_FROM (16U * MIB)
#define INFO_ROOM 1024U

/* A file that is to be loaded, with the words for messages about it. */
struct wanted {
    const char *vm;   /* the VM's name; "host" for the configuration */
    const char *what; /* "kernel", "initrd", "configuration" */
    const char *path;
    uint64_t size; /* that the configuration promises; 0 = any up to `max` */
    uint64_t max;
    uint32_t region_type;
};

static EFI_STATUS volume_open(struct boot *boot, struct EFI_FILE_PROTOCOL **root)
{
    static const struct EFI_GUID image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    static const struct EFI_GUID volume_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
    void *image = NULL;
    void *volume = NULL;
    EFI_STATUS status = boot->services->HandleProtocol(boot->image, &image_guid, &image);

    if (status == EFI_SUCCESS) {
        EFI_HANDLE device = ((struct EFI_LOADED_IMAGE_PROTOCOL *)image)->DeviceHandle;

        status = device != NULL ? boot->services->HandleProtocol(device, &volume_guid, &volume) : EFI_NOT_FOUND;
    }
    if (status != EFI_SUCCESS) {
        boot_error(boot,
                   "volume: ashlar.efi did not come from a file system (%s): start it from the EFI system partition "
                   "that holds " CONFIG_PATH_EFI,
                   boot_status_text(status));
        return status;
    }
    status = ((struct EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *)volume)->OpenVolume(volume, root);
    if (status != EFI_SUCCESS) {
        boot_error(boot, "volume: the one that ashlar.efi came from does not open (%s): check the disk",
                   boot_status_text(status));
    }
    return status;
}

/* Paths of the configuration are printable ASCII (config_check), at most CONFIG_MAX_PATH characters. */
static void path_widen(const char *path, CHAR16 *wide)
{
    size_t i = 0;

    for (; i < CONFIG_MAX_PATH && path[i] != '\0'; i++) {
        wide[i] = (CHAR16)(unsigned char)path[i];
    }
    wide[i] = 0;
}

static EFI_STATUS file_open(struct boot *boot, struct EFI_FILE_PROTOCOL *root, const struct wanted *w,
                            struct EFI_FILE_PROTOCOL **file)
{
    CHAR16 wide[CONFIG_MAX_PATH + 1U];
    EFI_STATUS status;

    path_widen(w->path, wide);
    status = root->Open(root, file, wide, EFI_FILE_MODE_READ, 0);
    if (status == EFI_NOT_FOUND) {
        boot_error(boot, "%s: %s: %s is missing on the volume: write the disk image again with `ashlar image`", w->vm,
                   w->what, w->path);
    } else if (status != EFI_SUCCESS) {
        boot_error(boot, "%s: %s: %s does not open (%s): check the disk", w->vm, w->what, w->path,
                   boot_status_text(status));
    }
    return status;
}

/*
 * The file's size from its EFI_FILE_INFO, which is longer than our buffer only if the name is: that is an error,
 * too.
 */
static EFI_STATUS file_size(struct boot *boot, struct EFI_FILE_PROTOCOL *file, const struct wanted *w, uint64_t *size)
{
    static const struct EFI_GUID info_guid = EFI_FILE_INFO_ID;
    union {
        struct EFI_FILE_INFO info;
        uint8_t room[INFO_ROOM];
    } buffer;
    UINTN room = sizeof(buffer);
    EFI_STATUS status = file->GetInfo(file, &info_guid, &room, &buffer);

    if (status != EFI_SUCCESS) {
        boot_error(boot, "%s: %s: the size of %s can't be read (%s): check the disk", w->vm, w->what, w->path,
                   boot_status_text(status));
        return status;
    }
    if ((buffer.info.Attribute & EFI_FILE_DIRECTORY) != 0) {
        boot_error(boot, "%s: %s: %s is a directory: write the disk image again with `ashlar image`", w->vm, w->what,
                   w->path);
        return EFI_LOAD_ERROR;
    }
    *size = buffer.info.FileSize;
    return EFI_SUCCESS;
}

static EFI_STATUS size_check(struct boot *boot, const struct wanted *w, uint64_t size)
{
    if (w->size != 0 && size != w->size) {
        boot_error(boot,
                   "%s: %s: %s has %llu bytes, the configuration says %llu: write the disk image again with "
                   "`ashlar image`",
                   w->vm, w->what, w->path, size, w->size);
        return EFI_LOAD_ERROR;
    }
    if (size == 0 || size > w->max) {
        boot_error(boot,
                   "%s: %s: %s has %llu bytes, allowed are 1 to %llu: write the disk image again with "
                   "`ashlar image`",
                   w->vm, w->what, w->path, size, w->max);
        return EFI_LOAD_ERROR;
    }
    return EFI_SUCCESS;
}

/* Reads exactly size bytes. A firmware that says EFI_SUCCESS for fewer has met the end of the file. */
static EFI_STATUS file_read(struct boot *boot, struct EFI_FILE_PROTOCOL *file, const struct wanted *w, uint8_t *to,
                            uint64_t size)
{
    uint64_t next_mark = size > PROGRESS_FROM ? 25 : 100;

    for (uint64_t done = 0; done < size;) {
        UINTN part = size - done < CHUNK ? size - done : CHUNK;
        EFI_STATUS status = file->Read(file, &part, to + done);

        if (status != EFI_SUCCESS || part == 0 || part > size - done) {
            boot_print(boot, "\n");
            boot_error(boot, "%s: %s: reading %s stopped at byte %llu of %llu (%s): check the disk", w->vm, w->what,
                       w->path, done, size, status == EFI_SUCCESS ? "end of file" : boot_status_text(status));
            return status == EFI_SUCCESS ? EFI_LOAD_ERROR : status;
        }
        done += part;
        for (; next_mark < 100 && done >= size / 100U * next_mark; next_mark += 25) {
            boot_print(boot, " %llu%%", next_mark);
        }
    }
    return EFI_SUCCESS;
}

static EFI_STATUS file_load_open(struct boot *boot, struct EFI_FILE_PROTOCOL *file, const struct wanted *w,
                                 uint64_t *base, uint64_t *size)
{
    EFI_STATUS status = file_size(boot, file, w, size);

    if (status == EFI_SUCCESS) {
        status = size_check(boot, w, *size);
    }
    if (status != EFI_SUCCESS) {
        return status;
    }
    status = boot_memory_allocate(boot, EfiLoaderData, w->region_type, *size, EFI_PAGE_SIZE, base);
    if (status != EFI_SUCCESS) {
        boot_error(boot, "%s: %s: no memory for the %llu MiB of %s (%s): give the machine more memory", w->vm, w->what,
                   (*size + MIB - 1U) / MIB, w->path, boot_status_text(status));
        return status;
    }
    boot_print(boot, "ashlar: %s: %s: %s, ", w->vm, w->what, w->path);
    if (*size < MIB) {
        boot_print(boot, "%llu KiB", (*size + 1023U) / 1024U);
    } else {
        boot_print(boot, "%llu MiB", (*size + MIB - 1U) / MIB);
    }
    status = file_read(boot, file, w, (uint8_t *)(uintptr_t)*base, *size);
    if (status == EFI_SUCCESS) {
        boot_print(boot, "\n");
    }
    return status;
}

static EFI_STATUS file_load(struct boot *boot, struct EFI_FILE_PROTOCOL *root, const struct wanted *w, uint64_t *base,
                            uint64_t *size)
{
    struct EFI_FILE_PROTOCOL *file = NULL;
    EFI_STATUS status = file_open(boot, root, w, &file);

    if (status == EFI_SUCCESS) {
        status = file_load_open(boot, file, w, base, size);
        file->Close(file);
    }
    return status;
}

static void fault_report(void *context, const struct config_fault *fault)
{
    struct boot *boot = context;
    const char *hint = fault->hint != NULL ? fault->hint : "";
    const char *try_text = fault->hint != NULL ? "; try " : "";

    if (fault->vm < 0) {
        boot_error(boot, "configuration: %s: found '%s', allowed %s%s%s", fault->property, fault->found, fault->allowed,
                   try_text, hint);
    } else {
        boot_error(boot, "configuration: vm@%x: %s: found '%s', allowed %s%s%s", (unsigned)fault->vm, fault->property,
                   fault->found, fault->allowed, try_text, hint);
    }
}

static EFI_STATUS config_load(struct boot *boot, struct EFI_FILE_PROTOCOL *root)
{
    static const struct wanted wanted = {.vm = "host",
                                         .what = "configuration",
                                         .path = CONFIG_PATH_EFI,
                                         .max = CONFIG_MAX_BLOB,
                                         .region_type = HANDOFF_RAM_HANDOFF};
    uint64_t base = 0;
    uint64_t size = 0;
    EFI_STATUS status = file_load(boot, root, &wanted, &base, &size);

    if (status != EFI_SUCCESS) {
        return status;
    }
    if (!config_check((const void *)(uintptr_t)base, size, &boot->config, fault_report, boot)) {
        boot_error(boot,
                   "configuration: " CONFIG_PATH_EFI " is refused: write the disk image again with `ashlar image` of "
                   "this version");
        return EFI_LOAD_ERROR;
    }
    boot->handoff->config = base;
    boot->handoff->config_size = size;
    boot_line(boot, "configuration: %u VM%s", boot->config.vm_count, boot->config.vm_count == 1 ? "" : "s");
    return EFI_SUCCESS;
}

static EFI_STATUS module_load(struct boot *boot, struct EFI_FILE_PROTOCOL *root, uint32_t vm, uint32_t kind)
{
    const struct vm_config *c = &boot->config.vms[vm];
    struct handoff_module *module = &boot->handoff->modules[boot->handoff->module_count];
    bool kernel = kind == HANDOFF_MODULE_KERNEL;
    struct wanted wanted = {.vm = c->name,
                            .what = kernel ? "kernel" : "initrd",
                            .path = kernel ? c->kernel : c->initrd,
                            .size = kernel ? c->kernel_size : c->initrd_size,
                            .max = UINT64_MAX,
                            .region_type = HANDOFF_RAM_MODULE};
    EFI_STATUS status = file_load(boot, root, &wanted, &module->base, &module->size);

    if (status == EFI_SUCCESS) {
        module->vm = vm;
        module->kind = kind;
        boot->handoff->module_count++;
    }
    return status;
}

static EFI_STATUS modules_load(struct boot *boot, struct EFI_FILE_PROTOCOL *root)
{
    EFI_STATUS status = EFI_SUCCESS;

    for (uint32_t vm = 0; status == EFI_SUCCESS && vm < boot->config.vm_count; vm++) {
        status = module_load(boot, root, vm, HANDOFF_MODULE_KERNEL);
        if (status == EFI_SUCCESS && boot->config.vms[vm].has_initrd) {
            status = module_load(boot, root, vm, HANDOFF_MODULE_INITRD);
        }
    }
    return status;
}

/* The files of host.handover. */
static EFI_STATUS handover_load(struct boot *boot, struct EFI_FILE_PROTOCOL *root)
{
    const struct vm_config *c = &boot->config.handover;
    struct wanted wanted = {.vm = "handover",
                            .what = "kernel",
                            .path = c->kernel,
                            .size = c->kernel_size,
                            .max = UINT64_MAX,
                            .region_type = HANDOFF_RAM_MODULE};
    uint64_t size = 0;
    EFI_STATUS status = file_load(boot, root, &wanted, &boot->handover_kernel, &size);

    if (status == EFI_SUCCESS && c->has_initrd) {
        wanted.what = "initrd";
        wanted.path = c->initrd;
        wanted.size = c->initrd_size;
        status = file_load(boot, root, &wanted, &boot->handover_initrd, &size);
    }
    return status;
}

EFI_STATUS boot_volume_load(struct boot *boot)
{
    struct EFI_FILE_PROTOCOL *root = NULL;
    EFI_STATUS status = volume_open(boot, &root);

    if (status != EFI_SUCCESS) {
        return status;
    }
    status = config_load(boot, root);
    if (status == EFI_SUCCESS) {
        status = boot->config.has_handover ? handover_load(boot, root) : modules_load(boot, root);
    }
    root->Close(root);
    return status;
}

_Static_assert(2U * CONFIG_MAX_VMS <= HANDOFF_MAX_MODULES, "a kernel and an initrd for each VM");
