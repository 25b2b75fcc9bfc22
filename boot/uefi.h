/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of UEFI that the loader uses, in the specification's own names: UEFI Specification 2.10, section numbers
 * beside each structure. A service that the loader never calls is a `void *` of the same size under its own name, so
 * that offsets stay right. The calling convention for AArch64 (section 2.3.6) is AAPCS64, clang's default here.
 * Nothing but declarations; the pure files of boot/ include it on the build machine too.
 */
#pragma once

/* The tables keep the shape of the specification's own. */
/* clang-format off */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 2.3.1: data types. */
typedef uint64_t UINTN;
typedef uint8_t BOOLEAN;
typedef uint16_t CHAR16;
typedef uint64_t EFI_STATUS;
typedef uint64_t EFI_PHYSICAL_ADDRESS;
typedef uint64_t EFI_VIRTUAL_ADDRESS;
typedef void *EFI_HANDLE;
typedef void *EFI_EVENT;

struct EFI_GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
};

/* Appendix D: status codes. */
#define EFI_ERROR_BIT (1ULL << 63)
#define EFI_SUCCESS 0ULL
#define EFI_LOAD_ERROR (EFI_ERROR_BIT | 1U)
#define EFI_INVALID_PARAMETER (EFI_ERROR_BIT | 2U)
#define EFI_UNSUPPORTED (EFI_ERROR_BIT | 3U)
#define EFI_BAD_BUFFER_SIZE (EFI_ERROR_BIT | 4U)
#define EFI_BUFFER_TOO_SMALL (EFI_ERROR_BIT | 5U)
#define EFI_NOT_READY (EFI_ERROR_BIT | 6U)
#define EFI_DEVICE_ERROR (EFI_ERROR_BIT | 7U)
#define EFI_WRITE_PROTECTED (EFI_ERROR_BIT | 8U)
#define EFI_OUT_OF_RESOURCES (EFI_ERROR_BIT | 9U)
#define EFI_VOLUME_CORRUPTED (EFI_ERROR_BIT | 10U)
#define EFI_VOLUME_FULL (EFI_ERROR_BIT | 11U)
#define EFI_NO_MEDIA (EFI_ERROR_BIT | 12U)
#define EFI_MEDIA_CHANGED (EFI_ERROR_BIT | 13U)
#define EFI_NOT_FOUND (EFI_ERROR_BIT | 14U)
#define EFI_ACCESS_DENIED (EFI_ERROR_BIT | 15U)
#define EFI_NO_RESPONSE (EFI_ERROR_BIT | 16U)
#define EFI_TIMEOUT (EFI_ERROR_BIT | 18U)
#define EFI_ABORTED (EFI_ERROR_BIT | 21U)
#define EFI_INCOMPATIBLE_VERSION (EFI_ERROR_BIT | 25U)
#define EFI_SECURITY_VIOLATION (EFI_ERROR_BIT | 26U)
#define EFI_CRC_ERROR (EFI_ERROR_BIT | 27U)

/* 4.2: table header. */
struct EFI_TABLE_HEADER {
    uint64_t Signature;
    uint32_t Revision;
    uint32_t HeaderSize;
    uint32_t CRC32;
    uint32_t Reserved;
};

#define EFI_SYSTEM_TABLE_SIGNATURE 0x5453595320494249ULL
#define EFI_BOOT_SERVICES_SIGNATURE 0x56524553544f4f42ULL
#define EFI_RUNTIME_SERVICES_SIGNATURE 0x56524553544e5552ULL

/* 7.2: memory services. */
#define EFI_PAGE_SIZE 4096ULL
#define EFI_PAGE_SHIFT 12U

enum EFI_ALLOCATE_TYPE {
    AllocateAnyPages,
    AllocateMaxAddress,
    AllocateAddress,
};

enum EFI_MEMORY_TYPE {
    EfiReservedMemoryType,
    EfiLoaderCode,
    EfiLoaderData,
    EfiBootServicesCode,
    EfiBootServicesData,
    EfiRuntimeServicesCode,
    EfiRuntimeServicesData,
    EfiConventionalMemory,
    EfiUnusableMemory,
    EfiACPIReclaimMemory,
    EfiACPIMemoryNVS,
    EfiMemoryMappedIO,
    EfiMemoryMappedIOPortSpace,
    EfiPalCode,
    EfiPersistentMemory,
    EfiUnacceptedMemoryType,
};

#define EFI_MEMORY_UC 0x1ULL
#define EFI_MEMORY_WC 0x2ULL
#define EFI_MEMORY_WT 0x4ULL
#define EFI_MEMORY_WB 0x8ULL
#define EFI_MEMORY_RP 0x2000ULL
#define EFI_MEMORY_XP 0x4000ULL
#define EFI_MEMORY_NV 0x8000ULL
#define EFI_MEMORY_RO 0x20000ULL
#define EFI_MEMORY_SP 0x40000ULL
#define EFI_MEMORY_RUNTIME 0x8000000000000000ULL

#define EFI_MEMORY_DESCRIPTOR_VERSION 1U

struct EFI_MEMORY_DESCRIPTOR {
    uint32_t Type;
    uint32_t Pad;
    EFI_PHYSICAL_ADDRESS PhysicalStart;
    EFI_VIRTUAL_ADDRESS VirtualStart;
    uint64_t NumberOfPages;
    uint64_t Attribute;
};

/* 8.3: time services. */
#define EFI_UNSPECIFIED_TIMEZONE 0x07ff
#define EFI_TIME_ADJUST_DAYLIGHT 0x01U
#define EFI_TIME_IN_DAYLIGHT 0x02U

struct EFI_TIME {
    uint16_t Year;
    uint8_t Month;
    uint8_t Day;
    uint8_t Hour;
    uint8_t Minute;
    uint8_t Second;
    uint8_t Pad1;
    uint32_t Nanosecond;
    int16_t TimeZone;
    uint8_t Daylight;
    uint8_t Pad2;
};

/* 7.3.2: InstallProtocolInterface. */
enum EFI_INTERFACE_TYPE {
    EFI_NATIVE_INTERFACE,
};

/* 7.3.6: LocateHandleBuffer. */
enum EFI_LOCATE_SEARCH_TYPE {
    AllHandles,
    ByRegisterNotify,
    ByProtocol,
};

/* 4.4: boot services. */
struct EFI_BOOT_SERVICES {
    struct EFI_TABLE_HEADER Hdr;
    void *RaiseTPL;
    void *RestoreTPL;
    EFI_STATUS (*AllocatePages)(enum EFI_ALLOCATE_TYPE type, enum EFI_MEMORY_TYPE memory_type, UINTN pages,
                                EFI_PHYSICAL_ADDRESS *memory);
    EFI_STATUS (*FreePages)(EFI_PHYSICAL_ADDRESS memory, UINTN pages);
    EFI_STATUS (*GetMemoryMap)(UINTN *map_size, struct EFI_MEMORY_DESCRIPTOR *map, UINTN *map_key,
                               UINTN *descriptor_size, uint32_t *descriptor_version);
    void *AllocatePool;
    EFI_STATUS (*FreePool)(void *buffer);
    void *CreateEvent;
    void *SetTimer;
    void *WaitForEvent;
    void *SignalEvent;
    void *CloseEvent;
    void *CheckEvent;
    EFI_STATUS (*InstallProtocolInterface)(EFI_HANDLE *handle, const struct EFI_GUID *protocol,
                                           enum EFI_INTERFACE_TYPE type, void *interface);
    void *ReinstallProtocolInterface;
    void *UninstallProtocolInterface;
    EFI_STATUS (*HandleProtocol)(EFI_HANDLE handle, const struct EFI_GUID *protocol, void **interface);
    void *Reserved;
    void *RegisterProtocolNotify;
    void *LocateHandle;
    void *LocateDevicePath;
    EFI_STATUS (*InstallConfigurationTable)(const struct EFI_GUID *guid, void *table);
    EFI_STATUS (*LoadImage)(BOOLEAN boot_policy, EFI_HANDLE parent, const void *device_path, void *source, UINTN size,
                            EFI_HANDLE *image);
    EFI_STATUS (*StartImage)(EFI_HANDLE image, UINTN *exit_data_size, CHAR16 **exit_data);
    void *Exit;
    void *UnloadImage;
    EFI_STATUS (*ExitBootServices)(EFI_HANDLE image_handle, UINTN map_key);
    void *GetNextMonotonicCount;
    void *Stall;
    EFI_STATUS (*SetWatchdogTimer)(UINTN timeout, uint64_t code, UINTN data_size, CHAR16 *data);
    void *ConnectController;
    void *DisconnectController;
    void *OpenProtocol;
    void *CloseProtocol;
    void *OpenProtocolInformation;
    void *ProtocolsPerHandle;
    EFI_STATUS (*LocateHandleBuffer)(enum EFI_LOCATE_SEARCH_TYPE search_type, const struct EFI_GUID *protocol,
                                     void *search_key, UINTN *count, EFI_HANDLE **buffer);
    EFI_STATUS (*LocateProtocol)(const struct EFI_GUID *protocol, void *registration, void **interface);
    void *InstallMultipleProtocolInterfaces;
    void *UninstallMultipleProtocolInterfaces;
    void *CalculateCrc32;
    void *CopyMem;
    void *SetMem;
    void *CreateEventEx;
};

/* 4.5: runtime services. */
struct EFI_RUNTIME_SERVICES {
    struct EFI_TABLE_HEADER Hdr;
    EFI_STATUS (*GetTime)(struct EFI_TIME *time, void *capabilities);
    void *SetTime;
    void *GetWakeupTime;
    void *SetWakeupTime;
    void *SetVirtualAddressMap;
    void *ConvertPointer;
    void *GetVariable;
    void *GetNextVariableName;
    void *SetVariable;
    void *GetNextHighMonotonicCount;
    void *ResetSystem;
    void *UpdateCapsule;
    void *QueryCapsuleCapabilities;
    void *QueryVariableInfo;
};

/* 12.4: simple text output. */
struct EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL {
    void *Reset;
    EFI_STATUS (*OutputString)(struct EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL *self, const CHAR16 *string);
    void *TestString;
    void *QueryMode;
    void *SetMode;
    void *SetAttribute;
    void *ClearScreen;
    void *SetCursorPosition;
    void *EnableCursor;
    void *Mode;
};

/* 4.6: configuration table. */
struct EFI_CONFIGURATION_TABLE {
    struct EFI_GUID VendorGuid;
    void *VendorTable;
};

/* 4.3: system table. */
struct EFI_SYSTEM_TABLE {
    struct EFI_TABLE_HEADER Hdr;
    CHAR16 *FirmwareVendor;
    uint32_t FirmwareRevision;
    EFI_HANDLE ConsoleInHandle;
    void *ConIn;
    EFI_HANDLE ConsoleOutHandle;
    struct EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL *ConOut;
    EFI_HANDLE StandardErrorHandle;
    struct EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL *StdErr;
    struct EFI_RUNTIME_SERVICES *RuntimeServices;
    struct EFI_BOOT_SERVICES *BootServices;
    UINTN NumberOfTableEntries;
    struct EFI_CONFIGURATION_TABLE *ConfigurationTable;
};

/* 9.1: loaded image. */
struct EFI_LOADED_IMAGE_PROTOCOL {
    uint32_t Revision;
    EFI_HANDLE ParentHandle;
    struct EFI_SYSTEM_TABLE *SystemTable;
    EFI_HANDLE DeviceHandle;
    void *FilePath;
    void *Reserved;
    uint32_t LoadOptionsSize;
    void *LoadOptions;
    void *ImageBase;
    uint64_t ImageSize;
    enum EFI_MEMORY_TYPE ImageCodeType;
    enum EFI_MEMORY_TYPE ImageDataType;
    void *Unload;
};

/* 13.5: file. */
#define EFI_FILE_MODE_READ 0x1ULL
#define EFI_FILE_DIRECTORY 0x10ULL

struct EFI_FILE_PROTOCOL {
    uint64_t Revision;
    EFI_STATUS (*Open)(struct EFI_FILE_PROTOCOL *self, struct EFI_FILE_PROTOCOL **new_handle, const CHAR16 *file_name,
                       uint64_t open_mode, uint64_t attributes);
    EFI_STATUS (*Close)(struct EFI_FILE_PROTOCOL *self);
    void *Delete;
    EFI_STATUS (*Read)(struct EFI_FILE_PROTOCOL *self, UINTN *buffer_size, void *buffer);
    void *Write;
    void *GetPosition;
    void *SetPosition;
    EFI_STATUS (*GetInfo)(struct EFI_FILE_PROTOCOL *self, const struct EFI_GUID *information_type, UINTN *buffer_size,
                          void *buffer);
    void *SetInfo;
    void *Flush;
};

struct EFI_FILE_INFO {
    uint64_t Size;
    uint64_t FileSize;
    uint64_t PhysicalSize;
    struct EFI_TIME CreateTime;
    struct EFI_TIME LastAccessTime;
    struct EFI_TIME ModificationTime;
    uint64_t Attribute;
    CHAR16 FileName[]; /* NUL-terminated */
};

/* 13.4: simple file system. */
struct EFI_SIMPLE_FILE_SYSTEM_PROTOCOL {
    uint64_t Revision;
    EFI_STATUS (*OpenVolume)(struct EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *self, struct EFI_FILE_PROTOCOL **root);
};

/* 13.2: load file 2. */
struct EFI_LOAD_FILE2_PROTOCOL {
    EFI_STATUS (*LoadFile)(struct EFI_LOAD_FILE2_PROTOCOL *self, const void *path, BOOLEAN boot_policy, UINTN *size,
                           void *buffer);
};

/* 37.5: random number generator. */
struct EFI_RNG_PROTOCOL {
    void *GetInfo;
    EFI_STATUS (*GetRNG)(struct EFI_RNG_PROTOCOL *self, const struct EFI_GUID *algorithm, UINTN length,
                         uint8_t *value);
};

/* 7.2.8: memory attributes. */
struct EFI_MEMORY_ATTRIBUTE_PROTOCOL {
    EFI_STATUS (*GetMemoryAttributes)(struct EFI_MEMORY_ATTRIBUTE_PROTOCOL *self, EFI_PHYSICAL_ADDRESS base,
                                      uint64_t length, uint64_t *attributes);
    EFI_STATUS (*SetMemoryAttributes)(struct EFI_MEMORY_ATTRIBUTE_PROTOCOL *self, EFI_PHYSICAL_ADDRESS base,
                                      uint64_t length, uint64_t attributes);
    EFI_STATUS (*ClearMemoryAttributes)(struct EFI_MEMORY_ATTRIBUTE_PROTOCOL *self, EFI_PHYSICAL_ADDRESS base,
                                        uint64_t length, uint64_t attributes);
};

/* 14.4: PCI I/O. */
enum EFI_PCI_IO_PROTOCOL_WIDTH {
    EfiPciIoWidthUint8,
    EfiPciIoWidthUint16,
    EfiPciIoWidthUint32,
    EfiPciIoWidthUint64,
};

enum EFI_PCI_IO_PROTOCOL_ATTRIBUTE_OPERATION {
    EfiPciIoAttributeOperationGet,
    EfiPciIoAttributeOperationSet,
    EfiPciIoAttributeOperationEnable,
    EfiPciIoAttributeOperationDisable,
    EfiPciIoAttributeOperationSupported,
};

#define EFI_PCI_IO_ATTRIBUTE_MEMORY 0x0200ULL

struct EFI_PCI_IO_PROTOCOL {
    void *PollMem;
    void *PollIo;
    EFI_STATUS (*MemRead)(struct EFI_PCI_IO_PROTOCOL *self, enum EFI_PCI_IO_PROTOCOL_WIDTH width, uint8_t bar_index,
                          uint64_t offset, UINTN count, void *buffer);
    void *MemWrite;
    void *IoRead;
    void *IoWrite;
    EFI_STATUS (*PciRead)(struct EFI_PCI_IO_PROTOCOL *self, enum EFI_PCI_IO_PROTOCOL_WIDTH width, uint32_t offset,
                          UINTN count, void *buffer);
    EFI_STATUS (*PciWrite)(struct EFI_PCI_IO_PROTOCOL *self, enum EFI_PCI_IO_PROTOCOL_WIDTH width, uint32_t offset,
                           UINTN count, void *buffer);
    void *CopyMem;
    void *Map;
    void *Unmap;
    void *AllocateBuffer;
    void *FreeBuffer;
    void *Flush;
    void *GetLocation;
    EFI_STATUS (*Attributes)(struct EFI_PCI_IO_PROTOCOL *self, enum EFI_PCI_IO_PROTOCOL_ATTRIBUTE_OPERATION operation,
                             uint64_t attributes, uint64_t *result);
    EFI_STATUS (*GetBarAttributes)(struct EFI_PCI_IO_PROTOCOL *self, uint8_t bar_index, uint64_t *supports,
                                   void **resources);
    void *SetBarAttributes;
    uint64_t RomSize;
    void *RomImage;
};

/* 14.2: PCI root bridge I/O. */
struct EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL {
    EFI_HANDLE ParentHandle;
    void *PollMem;
    void *PollIo;
    EFI_STATUS (*MemRead)(struct EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL *self, enum EFI_PCI_IO_PROTOCOL_WIDTH width,
                          uint64_t address, UINTN count, void *buffer);
    void *MemWrite;
    void *IoRead;
    void *IoWrite;
    void *PciRead;
    void *PciWrite;
    void *CopyMem;
    void *Map;
    void *Unmap;
    void *AllocateBuffer;
    void *FreeBuffer;
    void *Flush;
    void *GetAttributes;
    void *SetAttributes;
    void *Configuration;
    uint32_t SegmentNumber;
};

/* GUIDs, each from the section of its protocol or table; 4.6 for the configuration tables. */
#define EFI_LOADED_IMAGE_PROTOCOL_GUID                                                                                 \
    { 0x5b1b31a1, 0x9562, 0x11d2, { 0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } }
#define EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID                                                                           \
    { 0x964e5b22, 0x6459, 0x11d2, { 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } }
#define EFI_DEVICE_PATH_PROTOCOL_GUID                                                                                  \
    { 0x09576e91, 0x6d3f, 0x11d2, { 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } }
#define EFI_LOAD_FILE2_PROTOCOL_GUID                                                                                   \
    { 0x4006c0c1, 0xfcb3, 0x403e, { 0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d } }
/* Not of the specification: the vendor media path on which Linux looks for its initrd. */
#define LINUX_EFI_INITRD_MEDIA_GUID                                                                                    \
    { 0x5568e427, 0x68fc, 0x4f3d, { 0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68 } }
#define EFI_FILE_INFO_ID                                                                                               \
    { 0x09576e92, 0x6d3f, 0x11d2, { 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } }
#define EFI_RNG_PROTOCOL_GUID                                                                                          \
    { 0x3152bca5, 0xeade, 0x433d, { 0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44 } }
#define EFI_MEMORY_ATTRIBUTE_PROTOCOL_GUID                                                                             \
    { 0xf4560cf6, 0x40ec, 0x4b4a, { 0xa1, 0x92, 0xbf, 0x1d, 0x57, 0xd0, 0xb1, 0x89 } }
#define EFI_PCI_IO_PROTOCOL_GUID                                                                                       \
    { 0x4cf5b200, 0x68b8, 0x4ca5, { 0x9e, 0xec, 0xb2, 0x3e, 0x3f, 0x50, 0x02, 0x9a } }
#define EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL_GUID                                                                           \
    { 0x2f707ebb, 0x4a1a, 0x11d4, { 0x9a, 0x38, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d } }
#define EFI_ACPI_20_TABLE_GUID                                                                                         \
    { 0x8868e871, 0xe4f1, 0x11d3, { 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 } }
#define EFI_DTB_TABLE_GUID                                                                                             \
    { 0xb1b621d5, 0xf19c, 0x41a5, { 0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0 } }
#define SMBIOS3_TABLE_GUID                                                                                             \
    { 0xf2fd1544, 0x9794, 0x4a2c, { 0x99, 0x2e, 0xe5, 0xbb, 0xcf, 0x20, 0xe3, 0x94 } }

_Static_assert(sizeof(struct EFI_MEMORY_DESCRIPTOR) == 40, "UEFI 2.10, 7.2.3");
_Static_assert(sizeof(struct EFI_TIME) == 16, "UEFI 2.10, 8.3.1");
_Static_assert(offsetof(struct EFI_BOOT_SERVICES, GetMemoryMap) == 56, "UEFI 2.10, 4.4");
_Static_assert(offsetof(struct EFI_BOOT_SERVICES, ExitBootServices) == 232, "UEFI 2.10, 4.4");
_Static_assert(offsetof(struct EFI_BOOT_SERVICES, LocateProtocol) == 320, "UEFI 2.10, 4.4");
_Static_assert(offsetof(struct EFI_FILE_INFO, Attribute) == 72, "UEFI 2.10, 13.5.16");
