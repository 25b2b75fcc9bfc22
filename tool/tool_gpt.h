/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GUID partition table with one EFI system partition.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GPT_SECTOR 512U
#define GPT_FIRST_BYTE (1ULL << 20) /* where the partition starts */
#define GPT_END_BYTES (1ULL << 20)  /* behind the partition, for the second table */

/*
 * Writes protective MBR, both headers and both tables to a disk of disk_bytes (a multiple of 1 MiB, at least 3 MiB).
 * The partition takes all between GPT_FIRST_BYTE and the last GPT_END_BYTES. Disk and partition GUIDs are made from
 * seed. False: writing failed, errno says why.
 */
bool gpt_write(int fd, uint64_t disk_bytes, const uint64_t seed[2]);
