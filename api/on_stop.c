/* Stop, and the authorisation: what analysis must not do. */
#include <string.h>

#include "api/body.h"
#include "api/handlers.h"
#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/base/sha256.h"
#include "src/base/text_buffer.h"
#include "src/store/config.h"

static json_t *names_json(const struct vg_stop_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < list->count; i++)
        (void)json_array_append_new(array, json_string(list->name[i]));
    return array;
}

static void reply_stop(struct vg_reply *reply, const struct vg_stop *stop)
{
    vg_reply_json(reply, 200,
                  json_pack("{s:b,s:o,s:o}", "all", stop->all, "flux", names_json(&stop->flux),
                            "events", names_json(&stop->events)));
}

void vg_on_stop_get(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    struct vg_stop stop;
    if (vg_stop_read(desk->data, &stop, &fault) && !stop.all)
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
    else
        reply_stop(reply, &stop); /* a broken file stops all: that is what it says */
}

/* ---- what the audit is told ------------------------------------------------------------------- */

/* Each name of `now` that is not in `before` (NULL: each): "flux:cam-1", "resume flux:cam-1". */
static void tell_names(struct vg_text_buffer *object, const char *kind,
                       const struct vg_stop_list *now, const struct vg_stop_list *before)
{
    for (size_t i = 0; i < now->count; i++)
        if (!before || !vg_stop_list_has(before, now->name[i]))
            vg_text_add(object, "%s%s:%s", object->size ? ", " : "", kind, now->name[i]);
}

/* `reserve` keeps room for the count of what does not fit. */
enum {
    TELL_RESERVE = 16
};
static void tell_init(struct vg_text_buffer *object, struct vg_reply *reply)
{
    vg_text_buffer_init(object, reply->object, sizeof reply->object - TELL_RESERVE);
}

static void tell_end(struct vg_text_buffer *object)
{
    if (object->size == 0 && object->left_out == 0)
        vg_text_add(object, "none");
    object->room += TELL_RESERVE;
    if (object->left_out)
        vg_text_add(object, ", +%zu", object->left_out);
}

/* What this stopped or let go on; if nothing, what stays stopped. */
static void tell_stop(struct vg_reply *reply, const struct vg_stop *before,
                      const struct vg_stop *now)
{
    struct vg_text_buffer object;
    tell_init(&object, reply);
    if (now->all != before->all)
        vg_text_add(&object, "%s", now->all ? "all" : "resume all");
    tell_names(&object, "flux", &now->flux, &before->flux);
    tell_names(&object, "events", &now->events, &before->events);
    tell_names(&object, "resume flux", &before->flux, &now->flux);
    tell_names(&object, "resume events", &before->events, &now->events);
    if (object.size == 0 && object.left_out == 0) {
        vg_text_add(&object, "%s", now->all ? "all" : "");
        tell_names(&object, "flux", &now->flux, NULL);
        tell_names(&object, "events", &now->events, NULL);
    }
    tell_end(&object);
}

/* The reference and the bounds: "A 12, 2026-01-01T00:00:00.000Z/2026-02-01..., flux:cam-1". */
static void tell_authorisation(struct vg_reply *reply, const struct vg_authorisation *a)
{
    struct vg_text_buffer object;
    char first[40], last[40];
    tell_init(&object, reply);
    if (a->given) {
        vg_wall_format(a->first, first, sizeof first);
        vg_wall_format(a->last, last, sizeof last);
        vg_text_add(&object, "%s", a->reference);
        vg_text_add(&object, ", %s/%s", first, last);
        tell_names(&object, "flux", &a->flux, NULL);
        tell_names(&object, "events", &a->events, NULL);
    }
    tell_end(&object);
}

/* ---- handlers --------------------------------------------------------------------------------- */

void vg_on_stop_put(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    struct vg_stop stop, before;
    const int lock = vg_stop_lock(desk->data);
    /* a file that cannot be read is replaced: it says "all", and so does the start of this */
    if (vg_stop_read(desk->data, &stop, &fault))
        fault = (struct vg_fault){0};
    before = stop;
    if (vg_body_stop(request->body, request->body_size, &stop, &fault)) {
        vg_reply_fault(reply, request->language, 422, "bad_stop", &fault);
    } else {
        tell_stop(reply, &before, &stop);
        if (vg_stop_write(desk->data, &stop, &fault))
            vg_reply_fault(reply, request->language, 503, NULL, &fault);
        else
            reply_stop(reply, &stop);
    }
    vg_stop_unlock(lock);
}

/* The store has no number for it: 60 bits of the hash of what it says. Two that are alike may
 * be taken for each other, which harms nobody. */
static uint64_t authorisation_version(const struct vg_authorisation *a)
{
    uint8_t digest[VG_SHA256_BYTES];
    uint64_t version = 0;
    json_t *value = vg_authorisation_json(a);
    char *text = value ? vg_json_text(value) : NULL;
    json_decref(value);
    vg_sha256(text ? text : "", text ? strlen(text) : 0, digest);
    vg_free(text);
    for (int i = 0; i < 8; i++)
        version = version << 8 | digest[i];
    return (version >> 4) | 1;
}

static void reply_authorisation(struct vg_reply *reply, const struct vg_authorisation *a)
{
    vg_reply_json(reply, 200, vg_authorisation_json(a));
    reply->version = authorisation_version(a);
    reply->has_version = true;
}

void vg_on_authorisation_get(struct vg_desk *desk, const struct vg_request *request,
                             struct vg_reply *reply)
{
    struct vg_authorisation authorisation;
    struct vg_fault fault = {0};
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_config_authorisation_get(desk->database, &authorisation, &fault);
    if (status)
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
    else
        reply_authorisation(reply, &authorisation);
}

void vg_on_authorisation_put(struct vg_desk *desk, const struct vg_request *request,
                             struct vg_reply *reply)
{
    struct vg_authorisation now, wanted;
    struct vg_fault fault = {0};
    uint64_t expected = VG_VERSION_ANY;
    if (vg_body_authorisation(request->body, request->body_size, &wanted, &fault)) {
        vg_reply_fault(reply, request->language, 422, "bad_authorisation", &fault);
        return;
    }
    tell_authorisation(reply, &wanted);
    enum vg_status status = vg_config_authorisation_get(desk->database, &now, &fault);
    if (status) {
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
        return;
    }
    const bool given = vg_request_if_match(request, &expected);
    if (now.given && !given) {
        vg_reply_error(reply, request->language, 412, "no_if_match",
                       N_("send the ETag that the change is based on as If-Match"), "");
        return;
    }
    if (given && expected != VG_VERSION_ANY && expected != authorisation_version(&now)) {
        vg_reply_error(reply, request->language, 412, "changed",
                       N_("someone else changed it meanwhile: read it again"), "");
        return;
    }
    status = vg_config_authorisation_put(desk->database, &wanted, &fault);
    if (status)
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
    else
        reply_authorisation(reply, &wanted);
}
