/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds ashlar.efi, QEMU and firmwares: first beside the executable as `make` leaves them (build/bin/ashlar), then as
 * `make install` does (PREFIX/bin/ashlar), then where Debian's packages put them. Owns no state.
 */
#include "tool_paths.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool_error.h"

/* NULL-terminated; a leading '@' stands for the executable's folder. */
static const char *const qemu_places[] = {"@/qemu-system-aarch64", "@/../share/ashlar/bin/qemu-system-aarch64", NULL};
static const char *const efi_places[] = {"@/../ashlar.efi", "@/../share/ashlar/ashlar.efi", NULL};
static const char *const firmware_places[] = {"@/../pkg/firmware/", "@/../share/ashlar/pkg/firmware/",
                                              "/usr/share/AAVMF/", "/usr/lib/u-boot/qemu_arm64/", NULL};

static char *executable_folder(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1U);
    path[length < 0 ? 0 : length] = '\0';
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = '\0';
    return text_format("%s", path);
}

static char *find(const char *const *places, const char *name)
{
    char *folder = executable_folder();
    char *found = NULL;
    for (; *places != NULL && found == NULL; places++) {
        bool ours = (*places)[0] == '@';
        char *path = text_format("%s%s%s", ours ? folder : "", *places + (ours ? 1 : 0), name);
        found = access(path, R_OK) == 0 ? realpath(path, NULL) : NULL;
        free(path);
    }
    free(folder);
    return found;
}

char *path_find_efi(void)
{
    char *path = find(efi_places, "");
    if (path == NULL)
        error_print("ashlar.efi is neither beside this program nor in ../share/ashlar; run make or make install");
    return path;
}

char *path_find_qemu(void)
{
    char *path = find(qemu_places, "");
    return path != NULL ? path : text_format("qemu-system-aarch64"); /* by PATH */
}

char *path_try_firmware(const char *name)
{
    return find(firmware_places, name);
}

char *path_find_firmware(const char *name)
{
    char *path = path_try_firmware(name);
    if (path == NULL)
        error_print("the firmware %s is not there; run make, or install the packages qemu-efi-aarch64 and u-boot-qemu",
                    name);
    return path;
}
