#include "src/alerts/alert_json.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of the rules that a composed rule names: with the rule's own text, its boxes and the rest, an
 * alert stays below VG_ALERT_JSON_MAX. */
#define PARTS_TEXT_MAX VG_RULE_TEXT_MAX

/* The nearest multiple of 1 / steps: few enough digits that both compilers print the same. */
static double rounded(double value, double steps)
{
    return floor(value * steps + 0.5) / steps;
}

static double fraction(float pixels, uint32_t whole)
{
    return rounded((double)pixels / (double)(whole > 0 ? whole : 1), 10000.0);
}

static double media_seconds(struct vg_media_time time)
{
    return (double)((time.us + 500) / 1000) / 1000.0;
}

static const struct vg_rule *rule_of(const struct vg_alert *alert, const struct vg_scene *scene)
{
    return &scene->rule[alert->rule];
}

void vg_alert_key(const struct vg_alert *alert, const struct vg_scene *scene,
                  const struct vg_alert_context *context, char key[VG_ALERT_KEY_TEXT])
{
    char text[1400];
    uint8_t digest[VG_SHA256_BYTES];
    char hex[VG_SHA256_TEXT];
    const bool live = context->wall_known && alert->onset_wall.us != 0;
    const int64_t onset = live ? alert->onset_wall.us / 1000 : alert->onset.us;
    const char *unit = live ? "ms" : "media_us";
    size_t n = (size_t)snprintf(text, sizeof text, "%.1023s%c%s%c%lld %s%c", context->flux, '\0',
                                rule_of(alert, scene)->id, '\0', (long long)onset, unit, '\0');
    n = n < sizeof text ? n : sizeof text - 1;
    vg_sha256(text, n, digest);
    vg_sha256_text(digest, hex);
    memcpy(key, hex, VG_ALERT_KEY_TEXT - 1);
    key[VG_ALERT_KEY_TEXT - 1] = '\0';
}

void vg_alert_batch_id(const uint8_t clip[VG_SHA256_BYTES], const struct vg_alert *alert,
                       const struct vg_scene *scene, char id[VG_ULID_TEXT])
{
    uint8_t bytes[VG_SHA256_BYTES + VG_SCENE_ID_SIZE + 64] = {0};
    uint8_t digest[VG_SHA256_BYTES];
    memcpy(bytes, clip, VG_SHA256_BYTES);
    const int n = snprintf((char *)bytes + VG_SHA256_BYTES, sizeof bytes - VG_SHA256_BYTES,
                           "%s\n%lld\n%llu", rule_of(alert, scene)->id, (long long)alert->media.us,
                           (unsigned long long)alert->sequence);
    vg_sha256(bytes, VG_SHA256_BYTES + (size_t)n, digest);
    vg_ulid_format((uint64_t)(alert->media.us > 0 ? alert->media.us / 1000 : 0), digest, id);
}

/* {"track":17,"class":"person","score":0.83,"box":[x,y,w,h]} */
static json_t *box_json(const struct vg_sighting_box *seen, const struct vg_alert_context *context)
{
    const struct vg_box picture = {0.0F, 0.0F, (float)context->width, (float)context->height};
    const struct vg_box box = vg_box_clip(seen->box, picture);
    json_t *track = seen->track > 0 ? json_integer((json_int_t)seen->track) : json_null();
    return json_pack("{s:o, s:s, s:f, s:[f, f, f, f]}", "track", track, "class",
                     vg_class_name(seen->class_id), "score", rounded((double)seen->score, 10000.0),
                     "box", fraction(box.left, context->width), fraction(box.top, context->height),
                     fraction(box.width, context->width), fraction(box.height, context->height));
}

static json_t *boxes_json(const struct vg_alert *alert, const struct vg_alert_context *context)
{
    json_t *boxes = json_array();
    for (uint32_t i = 0; i < alert->box_count && i < VG_SIGHTING_BOXES_MAX; i++)
        (void)json_array_append_new(boxes, box_json(&alert->box[i], context));
    return boxes;
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *time_json(const struct vg_alert_context *context)
{
    char text[40];
    if (!context->wall_known)
        return json_null();
    vg_wall_format(context->wall, text, sizeof text);
    return json_string(text);
}

static json_t *rule_json(const struct vg_rule *rule)
{
    json_t *object = rule->text ? json_loads(rule->text, 0, NULL) : NULL;
    return object ? object : json_object();
}

/* The rule, and under "parts" those that it names and that brought the alert about, as they
 * were. Its own parts stand in its `when`. A rule that finds no room is left to its id. */
static json_t *rules_json(const struct vg_alert *alert, const struct vg_scene *scene)
{
    json_t *object = rule_json(rule_of(alert, scene));
    json_t *parts = alert->part_count > 0 ? json_array() : NULL;
    size_t room = PARTS_TEXT_MAX;
    for (uint32_t i = 0; i < alert->part_count; i++) {
        const struct vg_rule *part = &scene->rule[alert->part[i].rule];
        const size_t size = part->text ? strlen(part->text) : 0;
        bool again = false;
        for (uint32_t k = 0; k < i; k++)
            again |= alert->part[k].rule == alert->part[i].rule;
        if (again || part->hidden)
            continue;
        const bool fits = size <= room;
        (void)json_array_append_new(parts,
                                    fits ? rule_json(part) : json_pack("{s:s}", "id", part->id));
        room -= fits ? size : 0;
    }
    if (parts)
        (void)json_object_set_new(object, "parts", parts);
    return object;
}

/* {"rule":"r1","event":"crossing","place":"portique","score":0.8,"from_s":12.4,"to_s":12.4};
 * "rule" is null for a part without a name of its own, "event" for a composed one. */
static json_t *part_json(const struct vg_alert_part *part, const struct vg_scene *scene)
{
    const struct vg_rule *rule = &scene->rule[part->rule];
    const char *event = rule->event == VG_EVENT_NONE ? NULL : vg_event_name(rule->event);
    return json_pack("{s:o, s:o, s:o, s:f, s:f, s:f}", "rule",
                     text_or_null(rule->hidden ? NULL : rule->id), "event", text_or_null(event),
                     "place", text_or_null(rule->place < 0 ? NULL : scene->place[rule->place].id),
                     "score", rounded((double)part->score, 10000.0), "from_s",
                     media_seconds(part->first), "to_s", media_seconds(part->last));
}

static json_t *measures_json(const struct vg_alert *alert, const struct vg_scene *scene)
{
    json_t *measures = json_object();
    json_t *parts = alert->part_count > 0 ? json_array() : NULL;
    for (uint32_t i = 0; i < alert->part_count; i++)
        (void)json_array_append_new(parts, part_json(&alert->part[i], scene));
    if (parts)
        (void)json_object_set_new(measures, "parts", parts);
    if (alert->event == VG_EVENT_DENSITY)
        (void)json_object_set_new(measures, "count", json_real(rounded(alert->count, 1000.0)));
    return measures;
}

/* In the contract's order, which jansson keeps. */
static json_t *alert_object(const struct vg_alert *alert, const struct vg_scene *scene,
                            const struct vg_alert_context *context, const char *key)
{
    const struct vg_rule *rule = rule_of(alert, scene);
    const char *place = alert->place >= 0 ? scene->place[alert->place].id : NULL;
    const struct {
        const char *name;
        json_t *value;
    } members[] = {
        {"id", json_string(context->id)},
        {"key", json_string(key)},
        {"flux", json_string(context->flux)},
        {"event", json_string(vg_event_name(alert->event))},
        {"rule", json_string(rule->id)},
        {"severity", json_string(vg_severity_name(alert->severity))},
        {"time", time_json(context)},
        {"media_s", json_real(media_seconds(alert->media))},
        {"score", json_real(rounded((double)alert->score, 10000.0))},
        {"place", text_or_null(place)},
        {"boxes", boxes_json(alert, context)},
        {"evidence",
         json_pack("{s:b, s:b}", "picture", context->has_picture, "clip", context->has_clip)},
        {"rule_as_it_was", rules_json(alert, scene)},
        {"measures", measures_json(alert, scene)},
        {"state", json_string("new")},
        {"verdict", json_null()},
        {"phase", json_string(context->phase)},
        {"node", text_or_null(context->node)},
        {"latency_ms", context->latency_ms >= 0 ? json_integer(context->latency_ms) : json_null()},
        {"software", json_string(context->software)},
        {"model", text_or_null(context->model)},
        {"plan", text_or_null(context->plan)},
    };
    json_t *root = json_object();
    int bad = 0;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        bad |= json_object_set_new(root, members[i].name, members[i].value);
    if (bad != 0) {
        json_decref(root);
        return NULL;
    }
    return root;
}

void vg_alert_model_text(const struct vg_model *model, const char *precision,
                         char text[VG_ALERT_MODEL_TEXT])
{
    char digest[VG_SHA256_TEXT];
    vg_sha256_text(model->digest, digest);
    const int floats = strcmp(precision, "f32") == 0;
    (void)snprintf(text, VG_ALERT_MODEL_TEXT, "%s@sha256:%s%s%s", model->name, digest,
                   floats ? "" : "/", floats ? "" : precision);
}

enum vg_status vg_alert_json(const struct vg_alert *alert, const struct vg_scene *scene,
                             const struct vg_alert_context *context, char *text, size_t room,
                             size_t *size, char key[VG_ALERT_KEY_TEXT])
{
    *size = 0;
    vg_alert_key(alert, scene, context, key);
    json_t *root = alert_object(alert, scene, context, key);
    if (!root)
        return VG_E_INPUT; /* jansson refuses what is not UTF-8; no memory looks the same */
    const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(9);
    const size_t length = json_dumpb(root, text, room, flags);
    json_decref(root);
    if (length == 0)
        return VG_E_MEMORY;
    if (length >= room)
        return VG_E_FULL;
    text[length] = '\0';
    *size = length;
    return VG_OK;
}
