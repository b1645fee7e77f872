/* NVIDIA's boards, one meter each, by nvml.h. */
#include <stdio.h>
#include <string.h>

#include "src/base/text.h"
#include "src/energy/meter_source.h"
#include "src/energy/nvml.h"

#define PREFIX "nvml:"

enum {
    BOARDS_MAX = 16,
    POWER_PERIOD_US = 200000
};

static const char *library(const struct vg_meter_settings *settings)
{
    return settings->library[0] ? settings->library : NULL;
}

static void board_add(const struct vg_meter_settings *settings, const struct vg_nvml_board *board,
                      struct vg_meter_list *list)
{
    struct vg_nvml *nvml = NULL;
    struct vg_meter_entry *entry = vg_meter_list_add(list, VG_METER_NVML);
    if (!entry)
        return;
    struct vg_meter_about *about = &entry->about;
    (void)snprintf(about->name, sizeof about->name, PREFIX "%s", board->pci);
    (void)snprintf(about->label, sizeof about->label, "%.95s", board->name);
    about->scope = VG_ENERGY_GPU;
    entry->status = vg_nvml_open(&nvml, library(settings), board->pci, &entry->fault);
    const bool counts = nvml && vg_nvml_source(nvml) == VG_NVML_COUNTER;
    about->form = counts ? VG_METER_COUNTER : VG_METER_POWER;
    about->parts = counts;
    about->resolution = 1e-3;
    about->period_us = counts ? VG_US_PER_S : POWER_PERIOD_US;
    vg_nvml_close(&nvml);
}

static enum vg_status nvml_find(const struct vg_meter_settings *settings,
                                struct vg_meter_list *list, struct vg_fault *fault)
{
    struct vg_nvml_board board[BOARDS_MAX];
    uint32_t count = 0;
    const enum vg_status status =
        vg_nvml_boards(library(settings), board, BOARDS_MAX, &count, fault);
    for (uint32_t i = 0; i < count; i++)
        board_add(settings, &board[i], list);
    if (!status && count == 0)
        return vg_fault_set(fault, VG_E_MISSING, N_("this machine has no board of NVIDIA's"), NULL,
                            "NVML");
    return status;
}

static enum vg_status nvml_open(void **state, const struct vg_meter_settings *settings,
                                const struct vg_meter_about *about, struct vg_fault *fault)
{
    struct vg_nvml *nvml = NULL;
    enum vg_status status =
        vg_nvml_open(&nvml, library(settings), about->name + strlen(PREFIX), fault);
    *state = nvml;
    if (!status && (vg_nvml_source(nvml) == VG_NVML_COUNTER) != (about->form == VG_METER_COUNTER))
        status =
            vg_fault_set(fault, VG_E_STATE, N_("the meter is not there"), NULL, "%s", about->name);
    return status;
}

static enum vg_status nvml_read(void *state, struct vg_meter_sample *sample, struct vg_fault *fault)
{
    const struct vg_nvml *nvml = state;
    uint64_t milli = 0;
    const enum vg_status status = vg_nvml_value(nvml, &milli, fault);
    sample->uj[0] = milli * 1000;
    sample->watts = (double)milli * 1e-3;
    return status;
}

static void nvml_close(void *state)
{
    struct vg_nvml *nvml = state;
    vg_nvml_close(&nvml);
}

const struct vg_meter_source vg_nvml_source_row = {"nvml", nvml_find, nvml_open, nvml_read,
                                                   nvml_close};
