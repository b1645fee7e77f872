#include "bench/api_alerts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/text.h"
#include "src/base/version.h"

static const char *const prefix[] = {"old-", "new-"};

void vg_api_alert_id(enum vg_api_alert_kind kind, uint32_t number, char id[VG_ULID_TEXT])
{
    (void)snprintf(id, VG_ULID_TEXT, "%s%06u", prefix[kind], number);
}

int64_t vg_api_alert_number(const char *id)
{
    const size_t size = strlen(prefix[VG_API_ALERT_NEW]);
    char *end;
    if (strncmp(id, prefix[VG_API_ALERT_NEW], size) != 0)
        return -1;
    const long number = strtol(id + size, &end, 10);
    return end == id + size || *end || number < 0 ? -1 : number;
}

enum vg_status vg_api_alert_make(struct vg_api_alert *alert, const struct vg_scene *scene,
                                 enum vg_api_alert_kind kind, uint32_t number, uint32_t flux,
                                 struct vg_wall_time wall, struct vg_fault *fault)
{
    char name[16];
    const uint32_t rule = number % scene->rule_count;
    struct vg_alert what = {.rule = rule,
                            .event = VG_EVENT_CROSSING,
                            .severity = VG_SEVERITY_MEDIUM,
                            .place = scene->place_count ? 0 : -1,
                            .media = {(int64_t)number * VG_US_PER_S},
                            .onset = {(int64_t)number * VG_US_PER_S},
                            .onset_wall = wall,
                            .sequence = number + 1,
                            .score = 0.5F,
                            .box_count = 1};
    what.box[0] = (struct vg_sighting_box){.track = number + 1,
                                           .class_id = VG_CLASS_PERSON,
                                           .score = 0.5F,
                                           .box = {288, 184, 35, 104}};
    const struct vg_alert_context context = {.id = alert->id,
                                             .flux = name,
                                             .node = "bench",
                                             .software = vg_version(),
                                             .phase = "operational",
                                             .wall_known = true,
                                             .wall = wall,
                                             .width = 704,
                                             .height = 576,
                                             .latency_ms = -1};
    (void)snprintf(name, sizeof name, "f%u", number % flux);
    vg_api_alert_id(kind, number, alert->id);
    const enum vg_status status = vg_alert_json(&what, scene, &context, alert->json,
                                                sizeof alert->json, &alert->size, alert->key);
    return status ? vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", alert->id)
                  : VG_OK;
}
