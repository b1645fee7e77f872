/* What the site declares for all its flux. */
#include <string.h>

#include "api/body.h"
#include "api/handlers.h"
#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/base/text_buffer.h"
#include "src/store/site.h"

/* All but the key. */
static json_t *site_json(const struct vg_site *site)
{
    json_t *json = vg_site_settings_json(&site->settings);
    if (json_object_set_new(json, "has_client_key", json_boolean(site->has_key)) ||
        json_object_set_new(json, "version", json_integer((json_int_t)site->version))) {
        json_decref(json);
        return NULL;
    }
    return json;
}

static void reply_site(struct vg_reply *reply, const struct vg_site *site)
{
    vg_reply_json(reply, 200, site_json(site));
    reply->version = site->version;
    reply->has_version = true;
}

static void reply_store(struct vg_reply *reply, const struct vg_request *request,
                        const struct vg_fault *fault)
{
    if (fault->status == VG_E_STATE)
        vg_reply_error(reply, request->language, 412, "changed",
                       N_("someone else changed it meanwhile: read it again"), "");
    else if (fault->status == VG_E_INPUT)
        vg_reply_fault(reply, request->language, 422, "bad_site", fault);
    else
        vg_reply_fault(reply, request->language, 0, NULL, fault);
}

void vg_on_site_get(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    struct vg_site *site = vg_alloc(sizeof *site);
    enum vg_status status =
        site ? vg_desk_database(desk, &fault)
             : vg_fault_set(&fault, VG_E_MEMORY, N_("no memory left"), NULL, "site");
    if (!status)
        status = vg_site_get(desk->database, site, &fault);
    if (status)
        reply_store(reply, request, &fault);
    else
        reply_site(reply, site);
    vg_free(site);
}

enum {
    SAID_MAX = 160 /* bytes of a value in the audit; of a longer one the key alone */
};

/* What a change changes, for the audit: "encryption_required=true ca_pem". */
static void say_changes(const json_t *before, json_t *after, const struct vg_body_site *body,
                        char *out, size_t size)
{
    const char *key;
    json_t *value;
    struct vg_text_buffer words;
    vg_text_buffer_init(&words, out, size);
    json_object_foreach(after, key, value)
    {
        if (json_equal(value, json_object_get(before, key)))
            continue;
        char *text = vg_json_text(value);
        const bool whole = text && strlen(text) <= SAID_MAX;
        vg_text_add(&words, "%s%s%s%s", words.size ? " " : "", key, whole ? "=" : "",
                    whole ? text : "");
        vg_free(text);
    }
    if (body->has_key)
        vg_text_add(&words, "%sclient_key_pem", words.size ? " " : "");
    if (words.size == 0)
        vg_text_add(&words, "none");
}

static void put_site(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply,
                     struct vg_body_site *body)
{
    struct vg_fault fault = {0};
    uint64_t expected = 0;
    enum vg_status status = vg_site_get(desk->database, &body->site, &fault);
    if (!status && !vg_request_if_match(request, &expected)) {
        vg_reply_error(reply, request->language, 412, "no_if_match",
                       N_("send the ETag that the change is based on as If-Match"), "");
        return;
    }
    json_t *before = vg_site_settings_json(&body->site.settings);
    if (!status)
        status = vg_body_site(request->body, request->body_size, body, &fault);
    if (!status && body->has_key && body->key[0])
        status = vg_desk_secret(desk, &fault);
    if (!status)
        status = vg_site_put(desk->database, desk->secret, &body->site,
                             body->has_key ? body->key : NULL, expected, &fault);
    if (status) {
        reply_store(reply, request, &fault);
    } else {
        json_t *after = vg_site_settings_json(&body->site.settings);
        say_changes(before, after, body, reply->object, sizeof reply->object);
        json_decref(after);
        reply_site(reply, &body->site);
    }
    json_decref(before);
}

void vg_on_site_put(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_body_site *body = vg_alloc(sizeof *body);
    if (!body) {
        vg_reply_error(reply, request->language, 503, "no_memory", N_("no memory left"), "");
        return;
    }
    put_site(desk, request, reply, body);
    vg_secret_wipe(body->key, sizeof body->key);
    vg_free(body);
}
