#include "scheduler/live_flux.h"

#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/log.h"

enum {
    STATE_TEXT_MAX = 1 << 20,
    SAVE_EVERY_S = 5
};

static enum vg_status open_memory(struct vg_live_flux *flux, const char *data,
                                  struct vg_save_thread *saves)
{
    char path[512];
    const int n = snprintf(path, sizeof path, "%s/state/%s.json", data, flux->config.id);
    return n < 0 || (size_t)n >= sizeof path ? VG_E_CALL
                                             : vg_save_file_open(&flux->memory, saves, path);
}

enum vg_status vg_live_flux_open(struct vg_live_flux *flux, struct vg_live_flux_config *config,
                                 const char *data, struct vg_map_device *device,
                                 struct vg_save_thread *saves, enum vg_gate_use gate)
{
    memset(flux, 0, sizeof *flux);
    flux->config = *config;
    config->scene = NULL;
    config->scene_text = NULL;
    enum vg_status status = open_memory(flux, data, saves);
    const uint32_t set = vg_watcher_maps(flux->config.scene);
    if (!status && device && (set || gate == VG_GATE_ON))
        /* it has no room left, or has given maps up: the chain makes the same */
        (void)!vg_map_flux_open(&flux->maps, device, set, 1);
    if (!status && flux->maps && gate == VG_GATE_ON)
        status = vg_still_gate_open(&flux->gate);
    if (!status)
        status = vg_chain_open(&flux->chain, flux->config.scene,
                               flux->maps ? VG_CHAIN_TAKES_MAPS : VG_CHAIN_MAKES_MAPS);
    if (!status && vg_heat_wanted(flux->config.scene))
        status = vg_chain_keep_heat(flux->chain);
    if (!status)
        status = vg_live_sight_init(&flux->sight, data, flux->config.id, vg_chain_view(flux->chain),
                                    saves);
    if (status) {
        vg_live_flux_close(flux);
        return status;
    }
    flux->sight.source = flux->config.view_source;
    flux->view = flux->sight.report;
    flux->part = 1;
    flux->used = true;
    return VG_OK;
}

void vg_live_flux_close(struct vg_live_flux *flux)
{
    vg_save_file_close(&flux->memory);
    vg_live_sight_release(&flux->sight);
    vg_chain_close(&flux->chain);
    vg_still_gate_close(&flux->gate);
    vg_map_flux_close(&flux->maps);
    vg_scene_close(&flux->config.scene);
    vg_free(flux->config.scene_text);
    memset(flux, 0, sizeof *flux);
}

void vg_live_flux_move(struct vg_live_flux *flux, struct vg_map_device *device)
{
    const uint32_t set = vg_watcher_maps(flux->config.scene);
    if (flux->gate) /* its last picture may have been lost with the device */
        vg_still_gate_forget(flux->gate);
    vg_map_flux_close(&flux->maps);
    if ((!set && !flux->gate) || vg_chain_makes_maps(flux->chain))
        return;
    if (device && vg_map_flux_open(&flux->maps, device, set, 1) == VG_OK)
        return;
    flux->maps = NULL;
    (void)!vg_chain_make_maps(flux->chain); /* without memory: rules say that there are no maps */
}

void vg_live_flux_forget(const struct vg_live_flux *flux)
{
    vg_save_file_remove(flux->memory);
    vg_live_sight_forget(&flux->sight);
}

void vg_live_flux_leave(struct vg_live_flux *flux)
{
    if (flux->restored)
        vg_live_flux_save(flux, VG_LIVE_SAVE_SOON, flux->timeline.last, flux->last_wall);
    if (flux->sight.restored)
        vg_live_sight_save(&flux->sight);
}

void vg_live_flux_restore(struct vg_live_flux *flux, struct vg_media_time media,
                          struct vg_wall_time wall)
{
    if (flux->restored || !vg_chain_rulebook(flux->chain))
        return;
    flux->restored = true;
    struct vg_fault fault;
    uint8_t *text = NULL;
    size_t size;
    enum vg_status status = vg_save_file_read(flux->memory, STATE_TEXT_MAX, &text, &size, &fault);
    if (status == VG_E_MISSING)
        return;
    if (!status)
        status = vg_rulebook_restore(vg_chain_rulebook(flux->chain), (const char *)text, size,
                                     media, wall, &fault);
    vg_free(text);
    if (status)
        vg_log(VG_LOG_WARN, "flux %s: its rules start without memory: %s", flux->config.id,
               fault.place);
}

void vg_live_flux_save(struct vg_live_flux *flux, enum vg_live_save when,
                       struct vg_media_time media, struct vg_wall_time wall)
{
    const struct vg_mono_time now = vg_mono_now();
    if (!vg_chain_rulebook(flux->chain) ||
        (when == VG_LIVE_SAVE_WHEN_DUE && now.us - flux->saved.us < SAVE_EVERY_S * VG_US_PER_S))
        return;
    flux->saved = now;
    char *text = vg_rulebook_save(vg_chain_rulebook(flux->chain), media, wall, VG_RULEBOOK_TOLD);
    if (text)
        vg_save_file_give(flux->memory, text, strlen(text),
                          when == VG_LIVE_SAVE_SOON ? VG_SAVE_SOON : VG_SAVE_WHOLE);
}

void vg_live_flux_save_untold(struct vg_live_flux *flux, struct vg_media_time media,
                              struct vg_wall_time wall)
{
    struct vg_fault fault;
    char *text = vg_rulebook_save(vg_chain_rulebook(flux->chain), media, wall, VG_RULEBOOK_UNTOLD);
    if (!text)
        return;
    if (vg_save_file_now(flux->memory, text, strlen(text), &fault))
        vg_log(VG_LOG_WARN, "flux %s: its rules' memory was not written: %s", flux->config.id,
               fault.place);
    vg_free(text);
}
