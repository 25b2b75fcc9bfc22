/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the command's own files are: relative to the executable, so that a tree or an installation can be moved.
 */
#pragma once

/* Each result is to be freed; NULL: not there, and a message was printed. */
char *path_find_efi(void);
char *path_find_qemu(void);
char *path_find_firmware(const char *name);
/* As path_find_firmware, but silent. */
char *path_try_firmware(const char *name);
