/* Synthetic alerts for measuring the API: of idle flux "f0", "f1" ..., by the rules of the bench's own
 * scene, without pictures; the bytes are those that the analysis would make. */
#ifndef VG_BENCH_API_ALERTS_H
#define VG_BENCH_API_ALERTS_H

#include <stdint.h>

#include "src/alerts/alert_json.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/scene/scene.h"

struct vg_api_alert {
    char id[VG_ULID_TEXT], key[VG_ALERT_KEY_TEXT];
    char json[VG_ALERT_JSON_MAX];
    size_t size;
};

/* "old-000012" and "new-000003": alert `number` of those that are there before, or are raised. */
enum vg_api_alert_kind {
    VG_API_ALERT_OLD,
    VG_API_ALERT_NEW
};
void vg_api_alert_id(enum vg_api_alert_kind kind, uint32_t number, char id[VG_ULID_TEXT]);
/* The number of a new one's id; -1: it is none. */
int64_t vg_api_alert_number(const char *id);

/* Of the flux `number` modulo `flux`. wall: when it was; different for each. */
enum vg_status vg_api_alert_make(struct vg_api_alert *alert, const struct vg_scene *scene,
                                 enum vg_api_alert_kind kind, uint32_t number, uint32_t flux,
                                 struct vg_wall_time wall, struct vg_fault *fault) VG_MUST_USE;

#endif
