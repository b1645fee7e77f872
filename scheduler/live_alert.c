#include "scheduler/live_alert.h"

#include <stdio.h>
#include <string.h>

#include "src/alerts/alert_json.h"
#include "src/alerts/alert_picture.h"
#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/base/text.h"
#include "src/base/version.h"

enum {
    ROOM_WAIT_MS = 2000, /* the spool's disk may stall: an alert waits before it is refused */
    ROOM_STEP_MS = 5,
    PROMISE_WAIT_MS = 5000
};

struct vg_live_alerts {
    struct vg_live_alert_settings settings;
    struct vg_ulid_source ids;
    struct vg_canvas canvas;
    struct vg_log_repeat refused;
};

enum vg_status vg_live_alerts_open(struct vg_live_alerts **alerts,
                                   const struct vg_live_alert_settings *settings,
                                   struct vg_fault *fault)
{
    struct vg_live_alerts *a = vg_alloc(sizeof *a);
    *alerts = NULL;
    if (!a)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "alerts");
    a->settings = *settings;
    *alerts = a;
    return VG_OK;
}

void vg_live_alerts_close(struct vg_live_alerts **alerts)
{
    if (!*alerts)
        return;
    vg_canvas_release(&(*alerts)->canvas);
    vg_free(*alerts);
    *alerts = NULL;
}

static enum vg_status write_json(struct vg_live_alerts *a, const struct vg_live_flux *flux,
                                 const struct vg_alert *alert, const struct vg_picture *picture,
                                 const struct vg_live_maker *maker, const char *phase,
                                 struct vg_publisher_item *item)
{
    size_t size;
    const struct vg_alert_context context = {
        .id = item->id,
        .flux = flux->config.id,
        .node = a->settings.node,
        .software = vg_version(),
        .model = maker->model,
        .plan = maker->plan,
        .phase = phase,
        .wall_known = true,
        .wall = picture->wall,
        .width = picture->width,
        .height = picture->height,
        .has_picture = item->picture_bytes > 0,
        .latency_ms = (vg_mono_now().us - picture->arrival.us) / 1000,
    };
    const enum vg_status status = vg_alert_json(alert, flux->config.scene, &context, item->alert,
                                                sizeof item->alert, &size, item->key);
    item->alert_bytes = status ? 0 : (uint32_t)size;
    return status;
}

/* Room on the way to the spool; NULL after the longest wait. Only this worker's flux wait. */
static struct vg_publisher_item *find_room(struct vg_publisher *publisher, uint32_t lane)
{
    struct vg_publisher_item *item = NULL;
    for (int ms = 0; !item && ms < ROOM_WAIT_MS; ms += ROOM_STEP_MS) {
        if (ms > 0)
            vg_pause_us(ROOM_STEP_MS * 1000);
        item = vg_publisher_take(publisher, lane);
    }
    return item;
}

static enum vg_status refuse(struct vg_live_alerts *alerts, const struct vg_live_flux *flux,
                             enum vg_status status)
{
    if (vg_log_repeat_due(&alerts->refused, vg_mono_now(), 10 * VG_US_PER_S))
        vg_log(VG_LOG_ERROR, "flux %s: an alert was refused on its way to the spool: %s",
               flux->config.id, vg_status_name(status));
    return status;
}

/* The picture and the object of the contract into the item. */
static enum vg_status fill(struct vg_live_alerts *alerts, const struct vg_live_flux *flux,
                           const struct vg_alert *alert, const struct vg_picture *picture,
                           const struct vg_live_maker *maker, const char *phase,
                           struct vg_publisher_item *item)
{
    size_t size;
    vg_ulid_make(&alerts->ids, item->id);
    item->arrival = picture->arrival;
    const enum vg_status drawn =
        vg_alert_picture(&alerts->canvas, alert, flux->config.scene, picture, item->picture,
                         sizeof item->picture, &size);
    item->picture_bytes = drawn ? 0 : (uint32_t)size;
    if (drawn)
        vg_log(VG_LOG_ERROR, "flux %s: the picture of an alert cannot be made: %s", flux->config.id,
               vg_status_name(drawn));
    return write_json(alerts, flux, alert, picture, maker, phase, item);
}

enum vg_status vg_live_alert_raise(struct vg_live_alerts *alerts, const struct vg_live_flux *flux,
                                   const struct vg_alert *alert, const struct vg_picture *picture,
                                   const struct vg_live_maker *maker, const char *phase)
{
    struct vg_publisher *publisher = alerts->settings.publisher;
    const uint32_t lane = alerts->settings.lane;
    const struct vg_mono_time start = vg_mono_now();
    struct vg_publisher_item *item = find_room(publisher, lane);
    if (!item) {
        vg_publisher_count_refused(publisher);
        return refuse(alerts, flux, VG_E_FULL);
    }
    const enum vg_status written = fill(alerts, flux, alert, picture, maker, phase, item);
    if (written) {
        item->alert_bytes = 0; /* only handed back */
        vg_publisher_give(publisher, lane, item);
        vg_publisher_count_refused(publisher);
        return refuse(alerts, flux, written);
    }
    char id[VG_ULID_TEXT];
    memcpy(id, item->id, sizeof id); /* the item is gone once it is given */
    const struct vg_mono_time given = vg_mono_now();
    const enum vg_status status =
        vg_publisher_give_and_wait(publisher, lane, item, PROMISE_WAIT_MS);
    vg_stage_times_add(alerts->settings.times, VG_STAGE_ALERT, given.us - start.us);
    vg_stage_times_add(alerts->settings.times, VG_STAGE_PUBLISH, vg_mono_now().us - given.us);
    if (status)
        return refuse(alerts, flux, status);
    vg_log(VG_LOG_INFO, "flux %s: alert %s, rule %s, %s", flux->config.id, id,
           flux->config.scene->rule[alert->rule].id, vg_event_name(alert->event));
    return VG_OK;
}
