#include "src/engine/device_select.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/text.h"

static void add(struct vg_device_selection *s, uint32_t index)
{
    s->last[s->count] = false;
    s->index[s->count++] = index;
}

/* A card that another vendor's driver shows as well. */
static bool seen_elsewhere(const struct vg_device_info *there, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++)
        if (there[i].kind == VG_DEVICE_GPU && there[i].vendor == there[at].vendor &&
            there[at].vendor != VG_VENDOR_OTHER && strcmp(there[i].platform, there[at].platform))
            return true;
    return false;
}

static void mark_last(const struct vg_device_info *there, struct vg_device_selection *s)
{
    bool others = false;
    for (uint32_t i = 0; i < s->count; i++)
        others |= there[s->index[i]].kind != VG_DEVICE_CPU;
    for (uint32_t i = 0; i < s->count; i++)
        s->last[i] = others && there[s->index[i]].kind == VG_DEVICE_CPU;
}

void vg_device_select_all(const struct vg_device_info *there, uint32_t count,
                          struct vg_device_selection *selection)
{
    selection->count = 0;
    for (uint32_t i = 0; i < count; i++)
        if (there[i].kind == VG_DEVICE_GPU && !seen_elsewhere(there, i))
            add(selection, i);
    for (uint32_t i = 0; i < count; i++)
        if (there[i].kind == VG_DEVICE_CPU) {
            add(selection, i);
            break;
        }
    if (selection->count == 0 && count > 0)
        add(selection, 0);
    mark_last(there, selection);
}

uint32_t vg_device_select_keep(struct vg_device_selection *s, struct vg_device_info *devices,
                               uint32_t most)
{
    if (s->count <= most || most == 0)
        return 0;
    const uint32_t left_out = s->count - most;
    for (uint32_t i = most; i < s->count && !s->last[most - 1]; i++)
        if (s->last[i]) {
            s->index[most - 1] = s->index[i];
            s->last[most - 1] = true;
            devices[most - 1] = devices[i];
        }
    s->count = most;
    return left_out;
}

static bool has(const struct vg_device_selection *s, uint32_t index)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->index[i] == index)
            return true;
    return false;
}

static enum vg_status select_word(const char *word, struct vg_device_selection *s,
                                  struct vg_fault *fault)
{
    struct vg_device_info found;
    const enum vg_status status = vg_device_find(word, 0, &found, fault);
    if (status)
        return status;
    if (s->count == VG_DEVICES_MAX)
        return vg_fault_set(fault, VG_E_CALL, N_("more OpenCL devices are named than can be used"),
                            N_("name fewer of them"), "%.100s", word);
    if (has(s, found.index))
        return vg_fault_set(fault, VG_E_CALL, N_("this OpenCL device is named twice"),
                            N_("see `vigie device list`"), "%.100s", word);
    add(s, found.index);
    return VG_OK;
}

static enum vg_status select_words(const char *words, struct vg_device_selection *s,
                                   struct vg_fault *fault)
{
    char word[VG_DEVICE_TEXT_SIZE];
    enum vg_status status = VG_OK;
    for (const char *at = words; !status; at++) {
        const size_t size = strcspn(at, ",");
        if (size == 0 || size >= sizeof word)
            return vg_fault_set(fault, VG_E_LACK, N_("no OpenCL device of this name"),
                                N_("see `vigie device list`; install pocl-opencl-icd or a "
                                   "vendor's driver"),
                                "%.100s", words);
        memcpy(word, at, size);
        word[size] = '\0';
        status = select_word(word, s, fault);
        at += size;
        if (!*at)
            break;
    }
    return status;
}

enum vg_status vg_device_select(const char *words, uint32_t threads, struct vg_device_info *devices,
                                struct vg_device_selection *selection, struct vg_fault *fault)
{
    struct vg_device_info there[VG_DEVICES_MAX];
    uint32_t count = 0;
    selection->count = 0;
    if (!words || !*words)
        words = getenv("VIGIE_DEVICE");
    enum vg_status status = vg_device_limit(threads, fault);
    if (!status)
        status = vg_device_list(there, &count, fault);
    if (!status && words && *words)
        status = select_words(words, selection, fault);
    else if (!status)
        vg_device_select_all(there, count, selection);
    if (status)
        return status;
    mark_last(there, selection);
    for (uint32_t i = 0; i < selection->count; i++)
        devices[i] = there[selection->index[i]];
    if (selection->count > 0)
        return VG_OK;
    struct vg_device_info none;
    return vg_device_find(NULL, 0, &none, fault); /* says that there is none */
}
