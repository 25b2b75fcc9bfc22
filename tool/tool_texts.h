/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The long texts of the command: its help, and the configuration that `init` writes.
 */
#pragma once

extern const char help_all[];
extern const char help_init[];
extern const char help_check[];
extern const char help_image[];
extern const char help_run[];
extern const char text_init[];
