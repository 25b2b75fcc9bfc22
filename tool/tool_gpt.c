/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the partition table of a boot disk: UEFI 2.10, chapter 5 (protective MBR 5.2.3, header 5.3.2, entry 5.3.3).
 * Called by tool_image.c; owns no state. Everything follows from size and seed, so two runs give the same bytes.
 */
#include "tool_gpt.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define GPT_ENTRIES 128U
#define GPT_ENTRY_SIZE 128U
#define GPT_HEADER_SIZE 92U
#define GPT_TABLE_BYTES (GPT_ENTRIES * GPT_ENTRY_SIZE)
#define GPT_TABLE_SECTORS (GPT_TABLE_BYTES / GPT_SECTOR)

/* C12A7328-F81F-11D2-BA4B-00A0C93EC93B, as it is stored. */
static const uint8_t guid_system_partition[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                                  0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};

static void put(uint8_t *bytes, size_t count, uint64_t value)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)(value >> (8U * i));
}

/* RFC 9562, version 8 (our own bits) and variant. */
static void put_guid(uint8_t *bytes, const uint64_t seed[2], uint64_t which)
{
    put(bytes, 8, seed[0] + which * 0x9e3779b97f4a7c15ULL);
    put(bytes + 8, 8, seed[1] ^ which * 0xc2b2ae3d27d4eb4fULL);
    bytes[7] = (uint8_t)((bytes[7] & 0x0f) | 0x80);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
}

static void make_mbr(uint8_t *sector, uint64_t sectors)
{
    static const uint8_t start[8] = {0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff};
    memcpy(sector + 446, start, sizeof(start));
    put(sector + 454, 4, 1);
    put(sector + 458, 4, sectors - 1U > 0xffffffffU ? 0xffffffffU : sectors - 1U);
    put(sector + 510, 2, 0xaa55);
}

static void make_table(uint8_t *table, uint64_t sectors, const uint64_t seed[2])
{
    static const char name[] = "Ashlar";
    memcpy(table, guid_system_partition, sizeof(guid_system_partition));
    put_guid(table + 16, seed, 1);
    put(table + 32, 8, GPT_FIRST_BYTE / GPT_SECTOR);
    put(table + 40, 8, sectors - GPT_END_BYTES / GPT_SECTOR - 1U);
    for (size_t i = 0; name[i] != '\0'; i++)
        put(table + 56 + 2 * i, 2, (uint8_t)name[i]);
}

static void make_header(uint8_t *sector, uint64_t sectors, bool second, const uint8_t *table, const uint64_t seed[2])
{
    uint64_t last = sectors - 1U;
    memcpy(sector, "EFI PART", 8);
    put(sector + 8, 4, 0x00010000);
    put(sector + 12, 4, GPT_HEADER_SIZE);
    put(sector + 24, 8, second ? last : 1);
    put(sector + 32, 8, second ? 1 : last);
    put(sector + 40, 8, 2U + GPT_TABLE_SECTORS);
    put(sector + 48, 8, last - 1U - GPT_TABLE_SECTORS);
    put_guid(sector + 56, seed, 0);
    put(sector + 72, 8, second ? last - GPT_TABLE_SECTORS : 2);
    put(sector + 80, 4, GPT_ENTRIES);
    put(sector + 84, 4, GPT_ENTRY_SIZE);
    put(sector + 88, 4, crc32(0, table, GPT_TABLE_BYTES));
    put(sector + 16, 4, crc32(0, sector, GPT_HEADER_SIZE));
}

static bool write_at(int fd, const uint8_t *bytes, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t count = pwrite(fd, bytes, size, (off_t)offset);
        if (count <= 0)
            return false;
        bytes += count;
        size -= (size_t)count;
        offset += (uint64_t)count;
    }
    return true;
}

bool gpt_write(int fd, uint64_t disk_bytes, const uint64_t seed[2])
{
    uint8_t mbr[GPT_SECTOR] = {0};
    uint8_t first[GPT_SECTOR] = {0};
    uint8_t second[GPT_SECTOR] = {0};
    uint8_t table[GPT_TABLE_BYTES] = {0};
    uint64_t sectors = disk_bytes / GPT_SECTOR;
    make_mbr(mbr, sectors);
    make_table(table, sectors, seed);
    make_header(first, sectors, false, table, seed);
    make_header(second, sectors, true, table, seed);
    return write_at(fd, mbr, sizeof(mbr), 0) && write_at(fd, first, sizeof(first), GPT_SECTOR) &&
           write_at(fd, table, sizeof(table), 2U * GPT_SECTOR) &&
           write_at(fd, table, sizeof(table), (sectors - 1U - GPT_TABLE_SECTORS) * GPT_SECTOR) &&
           write_at(fd, second, sizeof(second), (sectors - 1U) * GPT_SECTOR);
}
