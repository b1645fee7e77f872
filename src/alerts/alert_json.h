/* An alert as the JSON object of the contract: made once, where the alert is born, and carried
 * unchanged by spool, queue and archive. Deterministic: the same alert gives the same bytes with
 * every compiler (numbers are rounded before they are written). No clock, no file; any thread. */
#ifndef VG_ALERTS_ALERT_JSON_H
#define VG_ALERTS_ALERT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/sha256.h"
#include "src/base/status.h"
#include "src/base/ulid.h"
#include "src/rules/alert.h"

#define VG_ALERT_JSON_MAX   (64u << 10) /* bytes with the end */
#define VG_ALERT_KEY_TEXT   33          /* 32 hexadecimal digits and the end */
#define VG_ALERT_MODEL_TEXT (VG_MODEL_NAME_SIZE + VG_SHA256_TEXT + 16)

/* What the alert's makers know beside the alert itself; all borrowed. */
struct vg_alert_context {
    const char *id;           /* vg_ulid_make, or vg_alert_batch_id */
    const char *flux;         /* id of the flux; in batch the clip's path as given */
    const char *node;         /* NULL: null (batch) */
    const char *software;     /* vg_version() */
    const char *model;        /* vg_alert_model_text; NULL: null */
    const char *plan;         /* NULL: null */
    const char *phase;        /* "setup", "dry_run" or "operational" */
    bool wall_known;          /* false in batch without --start: time is null */
    struct vg_wall_time wall; /* of the picture that raised it */
    uint32_t width, height;   /* of that picture, pixels: boxes become fractions of it */
    bool has_picture, has_clip;
    int64_t latency_ms; /* from the arrival of that picture to now; below 0: null (batch) */
};

/* Writes the object into text (room bytes; VG_ALERT_JSON_MAX is enough), *size its length
 * without the end, and its key (vg_alert_key). scene: the one whose rule it is.
 * VG_E_FULL, VG_E_MEMORY, VG_E_INPUT (a text is not UTF-8). */
enum vg_status vg_alert_json(const struct vg_alert *alert, const struct vg_scene *scene,
                             const struct vg_alert_context *context, char *text, size_t room,
                             size_t *size, char key[VG_ALERT_KEY_TEXT]) VG_MUST_USE;

/* "nanodet-g@sha256:..", with "/int8" or "/f16" behind it where that was the precision ("f32":
 * nothing). */
void vg_alert_model_text(const struct vg_model *model, const char *precision,
                         char text[VG_ALERT_MODEL_TEXT]);

/* The key: the same for the same flux, rule and onset. The first 32 digits of SHA-256 over
 * flux, rule's id and onset, a zero byte after each.
 *
 * The onset is the clock's where it is known (media time starts anew with each connection, and
 * the key must not), to the millisecond; the rules keep it over a restart. In batch it is the
 * media time in microseconds. */
void vg_alert_key(const struct vg_alert *alert, const struct vg_scene *scene,
                  const struct vg_alert_context *context, char key[VG_ALERT_KEY_TEXT]);

/* The id in batch: sorts by media time, and derives from the clip's digest, the rule's id, the
 * media time and the sequence, so that two runs give the same. */
void vg_alert_batch_id(const uint8_t clip[VG_SHA256_BYTES], const struct vg_alert *alert,
                       const struct vg_scene *scene, char id[VG_ULID_TEXT]);

#endif
