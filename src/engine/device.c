#include "src/engine/device.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "src/base/text.h"

#define PLATFORM_NOT_FOUND (-1001) /* CL_PLATFORM_NOT_FOUND_KHR of cl_khr_icd */

/* A text of the device, its end made sure of; empty when it cannot be had. */
static void text_of(cl_device_id id, cl_device_info what, char text[VG_DEVICE_TEXT_SIZE])
{
    if (clGetDeviceInfo(id, what, VG_DEVICE_TEXT_SIZE - 1, text, NULL) != CL_SUCCESS)
        text[0] = 0;
    text[VG_DEVICE_TEXT_SIZE - 1] = 0;
}

static uint64_t number_of(cl_device_id id, cl_device_info what, size_t bytes)
{
    uint64_t wide = 0;
    uint32_t narrow = 0;
    void *to = bytes == sizeof wide ? (void *)&wide : (void *)&narrow;
    if (clGetDeviceInfo(id, what, bytes, to, NULL) != CL_SUCCESS)
        return 0;
    return bytes == sizeof wide ? wide : narrow;
}

/* by its number on the PCI bus, or where a driver gives another by its name */
static enum vg_vendor vendor_of(cl_device_id id)
{
    static const struct {
        uint64_t number;
        const char *name;
        enum vg_vendor vendor;
    } rows[] = {{0x10de, "NVIDIA", VG_VENDOR_NVIDIA},
                {0x1002, "Advanced Micro Devices", VG_VENDOR_AMD},
                {0x1022, "AMD", VG_VENDOR_AMD},
                {0x8086, "Intel", VG_VENDOR_INTEL}};
    const uint64_t number = number_of(id, CL_DEVICE_VENDOR_ID, sizeof(cl_uint));
    char name[VG_DEVICE_TEXT_SIZE] = "";
    text_of(id, CL_DEVICE_VENDOR, name);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (number == rows[i].number || strstr(name, rows[i].name))
            return rows[i].vendor;
    return VG_VENDOR_OTHER;
}

static void info_read(cl_platform_id platform, cl_device_id id, struct vg_device_info *info)
{
    char version[VG_DEVICE_TEXT_SIZE];
    info->id = id;
    text_of(id, CL_DEVICE_NAME, info->name);
    text_of(id, CL_DRIVER_VERSION, version);
    if (clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof info->platform - 1, info->platform,
                          NULL) != CL_SUCCESS)
        info->platform[0] = 0;
    text_of(id, CL_DEVICE_VERSION, info->version);
    if (clGetPlatformInfo(platform, CL_PLATFORM_VERSION, sizeof info->platform_version - 1,
                          info->platform_version, NULL) != CL_SUCCESS)
        info->platform_version[0] = 0;
    (void)snprintf(info->driver, sizeof info->driver, "%.100s %.100s", info->platform, version);
    const uint64_t type = number_of(id, CL_DEVICE_TYPE, sizeof(cl_device_type));
    info->kind = type & CL_DEVICE_TYPE_GPU   ? VG_DEVICE_GPU
                 : type & CL_DEVICE_TYPE_CPU ? VG_DEVICE_CPU
                                             : VG_DEVICE_OTHER;
    info->vendor = vendor_of(id);
    info->compute_units = (uint32_t)number_of(id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(cl_uint));
    info->float_width =
        (uint32_t)number_of(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof(cl_uint));
    info->memory_bytes = number_of(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(cl_ulong));
    info->allocation_bytes_max = number_of(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(cl_ulong));
    info->local_bytes = number_of(id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof(cl_ulong));
}

enum vg_status vg_device_list(struct vg_device_info *devices, uint32_t *count,
                              struct vg_fault *fault)
{
    cl_platform_id platforms[VG_DEVICES_MAX];
    cl_uint platform_count = 0;
    *count = 0;
    const cl_int code = clGetPlatformIDs(VG_DEVICES_MAX, platforms, &platform_count);
    if (code == PLATFORM_NOT_FOUND)
        return VG_OK;
    const enum vg_status status = vg_device_check(code, "clGetPlatformIDs", fault);
    if (status)
        return status;
    for (cl_uint p = 0; p < platform_count && p < VG_DEVICES_MAX; p++) {
        cl_device_id ids[VG_DEVICES_MAX];
        cl_uint found = 0;
        if (clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, VG_DEVICES_MAX, ids, &found) !=
            CL_SUCCESS)
            continue; /* a platform without devices */
        for (cl_uint d = 0; d < found && d < VG_DEVICES_MAX && *count < VG_DEVICES_MAX; d++) {
            struct vg_device_info *info = &devices[*count];
            memset(info, 0, sizeof *info);
            info->index = (*count)++;
            info_read(platforms[p], ids[d], info);
        }
    }
    return VG_OK;
}

static int contains(const char *text, const char *part)
{
    const size_t size = strlen(part);
    for (; *text; text++)
        if (!strncasecmp(text, part, size))
            return 1;
    return 0;
}

static int matches(const struct vg_device_info *info, const char *word)
{
    if (!strcasecmp(word, "cpu"))
        return info->kind == VG_DEVICE_CPU;
    if (!strcasecmp(word, "gpu"))
        return info->kind == VG_DEVICE_GPU;
    char *end = NULL;
    const unsigned long index = strtoul(word, &end, 10);
    if (isdigit((unsigned char)word[0]) && !*end)
        return index == info->index;
    return contains(info->name, word);
}

/* The variable may name several, for who can use them (device_select.h): the first one. */
static const char *word_of_variable(char first[VG_DEVICE_TEXT_SIZE])
{
    const char *words = getenv("VIGIE_DEVICE");
    if (!words || !*words)
        return "0";
    const size_t size = strcspn(words, ",");
    if (size == 0 || size >= VG_DEVICE_TEXT_SIZE)
        return words; /* no name: there is no such device */
    memcpy(first, words, size);
    first[size] = '\0';
    return first;
}

/* PoCL reads it once, when it makes its threads. */
enum vg_status vg_device_limit(uint32_t threads, struct vg_fault *fault)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%u", threads);
    if (threads && setenv("POCL_MAX_PTHREAD_COUNT", number, 1))
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "setenv");
    return VG_OK;
}

enum vg_status vg_device_find(const char *word, uint32_t threads, struct vg_device_info *device,
                              struct vg_fault *fault)
{
    struct vg_device_info devices[VG_DEVICES_MAX];
    char first[VG_DEVICE_TEXT_SIZE];
    uint32_t count = 0;
    enum vg_status status = vg_device_limit(threads, fault);
    if (!status)
        status = vg_device_list(devices, &count, fault);
    if (status)
        return status;
    if (!count)
        return vg_fault_set(fault, VG_E_LACK, N_("this machine has no OpenCL device"),
                            N_("install pocl-opencl-icd or a vendor's driver"), "OpenCL");
    if (!word || !*word)
        word = word_of_variable(first);
    for (uint32_t i = 0; i < count; i++) {
        if (!matches(&devices[i], word))
            continue;
        *device = devices[i];
        return VG_OK;
    }
    return vg_fault_set(fault, VG_E_LACK, N_("no OpenCL device of this name"),
                        N_("see `vigie device list`; install pocl-opencl-icd or a vendor's driver"),
                        "%.100s", word);
}

enum vg_status vg_device_open(struct vg_device *device, const char *word, uint32_t threads,
                              struct vg_fault *fault)
{
    cl_int code = CL_SUCCESS;
    memset(device, 0, sizeof *device);
    enum vg_status status = vg_device_find(word, threads, &device->info, fault);
    if (status)
        return status;
    device->context = clCreateContext(NULL, 1, &device->info.id, NULL, NULL, &code);
    status = vg_device_check(code, "clCreateContext", fault);
    if (status)
        return status;
    device->queue =
        clCreateCommandQueue(device->context, device->info.id, CL_QUEUE_PROFILING_ENABLE, &code);
    status = vg_device_check(code, "clCreateCommandQueue", fault);
    if (status)
        vg_device_close(device);
    return status;
}

void vg_device_close(struct vg_device *device)
{
    if (device->queue) {
        (void)clFinish(device->queue);
        (void)clReleaseCommandQueue(device->queue);
    }
    if (device->context)
        (void)clReleaseContext(device->context);
    device->queue = NULL;
    device->context = NULL;
}
