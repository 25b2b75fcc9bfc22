/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a Linux EFI kernel instead of the hypervisor (host.handover of the configuration), with boot services alive: its
 * own stub leaves them. It finds the tables that boot_park.c rewrote, so that it starts the other CPUs by their mailboxes.
 * LoadImage and StartImage of a buffer (UEFI 2.10, 7.4.1 and 7.4.2), the command line as load options (9.1.1), the initrd
 * by EFI_LOAD_FILE2_PROTOCOL on the vendor media path that Linux asks for (13.2; 10.3.5.2).
 */
#include <string.h>

#include "boot.h"

#define MEDIA_DEVICE_PATH 4U
#define MEDIA_VENDOR 3U
#define END_DEVICE_PATH 0x7fU
#define END_ENTIRE 0xffU

struct device_path {
    uint8_t type;
    uint8_t subtype;
    uint8_t length[2];
};

static const struct {
    struct device_path vendor;
    struct EFI_GUID guid;
    struct device_path end;
} initrd_path = {
    {MEDIA_DEVICE_PATH, MEDIA_VENDOR, {20, 0}}, LINUX_EFI_INITRD_MEDIA_GUID, {END_DEVICE_PATH, END_ENTIRE, {4, 0}}};

static struct {
    struct EFI_LOAD_FILE2_PROTOCOL protocol;
    const void *bytes;
    uint64_t size;
} initrd;

static CHAR16 options[CONFIG_MAX_CMDLINE + 1U];

static EFI_STATUS initrd_load(struct EFI_LOAD_FILE2_PROTOCOL *self, const void *path, BOOLEAN boot_policy, UINTN *size,
                              void *buffer)
{
    UINTN room;

    (void)self;
    (void)path;
    if (boot_policy != 0) {
        return EFI_UNSUPPORTED;
    }
    if (size == NULL) {
        return EFI_INVALID_PARAMETER;
    }
    room = *size;
    *size = initrd.size;
    if (buffer == NULL || room < initrd.size) {
        return EFI_BUFFER_TOO_SMALL;
    }
    memcpy(buffer, initrd.bytes, initrd.size);
    return EFI_SUCCESS;
}

static EFI_STATUS initrd_offer(struct boot *boot)
{
    static const struct EFI_GUID path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;
    static const struct EFI_GUID load_guid = EFI_LOAD_FILE2_PROTOCOL_GUID;
    EFI_HANDLE handle = NULL;
    EFI_STATUS status = boot->services->InstallProtocolInterface(&handle, &path_guid, EFI_NATIVE_INTERFACE,
                                                                 (void *)(uintptr_t)&initrd_path);

    initrd.protocol.LoadFile = initrd_load;
    if (status == EFI_SUCCESS) {
        status = boot->services->InstallProtocolInterface(&handle, &load_guid, EFI_NATIVE_INTERFACE, &initrd.protocol);
    }
    if (status != EFI_SUCCESS) {
        boot_error(boot, "handover: initrd: the firmware takes no protocol (%s)", boot_status_text(status));
    }
    return status;
}

/* The tree that names the mailboxes takes the place of the firmware's own. */
static EFI_STATUS fdt_install(struct boot *boot)
{
    static const struct EFI_GUID guid = EFI_DTB_TABLE_GUID;
    EFI_STATUS status;

    if (boot->handoff->fdt == 0) {
        return EFI_SUCCESS;
    }
    status = boot->services->InstallConfigurationTable(&guid, (void *)(uintptr_t)boot->handoff->fdt);
    if (status != EFI_SUCCESS) {
        boot_error(boot, "handover: the firmware does not take the device tree (%s)", boot_status_text(status));
    }
    return status;
}

static EFI_STATUS kernel_load(struct boot *boot, EFI_HANDLE *image)
{
    static const struct EFI_GUID guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    const struct vm_config *c = &boot->config.handover;
    void *interface = NULL;
    EFI_STATUS status = boot->services->LoadImage(false, boot->image, (const void *)(uintptr_t)&initrd_path,
                                                  (void *)(uintptr_t)boot->handover_kernel, c->kernel_size, image);

    if (status == EFI_SUCCESS) {
        status = boot->services->HandleProtocol(*image, &guid, &interface);
    }
    if (status != EFI_SUCCESS) {
        boot_error(boot, "handover: kernel: %s does not load as an EFI application (%s): use a kernel with an EFI stub",
                   c->kernel, boot_status_text(status));
        return status;
    }
    for (size_t i = 0; c->cmdline[i] != '\0'; i++) {
        options[i] = (CHAR16)(unsigned char)c->cmdline[i];
        ((struct EFI_LOADED_IMAGE_PROTOCOL *)interface)->LoadOptionsSize = (uint32_t)((i + 2U) * sizeof(CHAR16));
    }
    ((struct EFI_LOADED_IMAGE_PROTOCOL *)interface)->LoadOptions = options;
    return EFI_SUCCESS;
}

EFI_STATUS boot_handover(struct boot *boot)
{
    EFI_HANDLE image = NULL;
    EFI_STATUS status = boot_map_judge(boot);

    initrd.bytes = (const void *)(uintptr_t)boot->handover_initrd;
    initrd.size = boot->config.handover.initrd_size;
    if (status == EFI_SUCCESS) {
        status = kernel_load(boot, &image);
    }
    if (status == EFI_SUCCESS && boot->config.handover.has_initrd) {
        status = initrd_offer(boot);
    }
    if (status == EFI_SUCCESS) {
        status = boot_park(boot);
    }
    if (status == EFI_SUCCESS) {
        status = fdt_install(boot);
    }
    if (status != EFI_SUCCESS) {
        return status;
    }
    /* From here on the firmware knows of what was allocated: it stays, should the kernel come back. */
    boot->own_count = 0;
    boot_line(boot, "handover: starting %s", boot->config.handover.kernel);
    status = boot->services->StartImage(image, NULL, NULL);
    boot_error(boot, "handover: %s came back (%s)", boot->config.handover.kernel, boot_status_text(status));
    return status == EFI_SUCCESS ? EFI_LOAD_ERROR : status;
}
