#include "api/body.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/json.h"
#include "src/base/text.h"
#include "src/scene/scene.h"

enum {
    BODY_MAX = 1 << 20
};

enum vg_status vg_body_check(const uint8_t *bytes, size_t size, struct vg_fault *fault)
{
    json_error_t error;
    json_t *root =
        json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!root)
        return vg_fault_set(fault, VG_E_CALL, N_("not valid JSON"), N_("correct the text there"),
                            "body:%d:%d", error.line, error.column);
    json_decref(root);
    return VG_OK;
}

static enum vg_status open_body(struct vg_json *json, const uint8_t *bytes, size_t size,
                                const char *const *keys, struct vg_fault *fault)
{
    enum vg_status status = vg_json_open(json, "body", (const char *)bytes, size, BODY_MAX, fault);
    if (!status)
        status = vg_json_keys(json, json->root, "", keys);
    return status;
}

enum vg_status vg_body_sign_in(const uint8_t *bytes, size_t size, struct vg_body_sign_in *sign_in,
                               struct vg_fault *fault)
{
    static const char *const keys[] = {"name", "password", NULL};
    struct vg_json json;
    *sign_in = (struct vg_body_sign_in){0};
    enum vg_status status = open_body(&json, bytes, size, keys, fault);
    if (!status)
        status = vg_json_string(&json, json.root, "", "name", VG_JSON_REQUIRED, sign_in->name,
                                sizeof sign_in->name);
    if (!status)
        status = vg_json_string(&json, json.root, "", "password", VG_JSON_REQUIRED,
                                sign_in->password, sizeof sign_in->password);
    vg_json_close(&json);
    return status;
}

/* A text of several lines: *found points to it where the body has one. */
static enum vg_status read_pem(const struct vg_json *json, const char *key, char *out, size_t size,
                               const char **found)
{
    char pointer[48];
    const json_t *value = json_object_get(json->root, key);
    const char *text = json_string_value(value);
    (void)snprintf(pointer, sizeof pointer, "/%s", key);
    if (!value)
        return VG_OK;
    if (!text)
        return vg_json_refuse(json, pointer, N_("a text was expected"), NULL);
    if (json_string_length(value) >= size)
        return vg_json_refuse(json, pointer, N_("the text is too long"), NULL);
    if (strlen(text) != json_string_length(value) || !vg_pem_text_valid(text))
        return vg_json_refuse(json, pointer, N_("the text holds what it may not"), NULL);
    memcpy(out, text, strlen(text) + 1);
    *found = out;
    return VG_OK;
}

static enum vg_status read_texts(const struct vg_json *json, enum vg_body_manner manner,
                                 struct vg_body_flux *body)
{
    struct vg_flux_config *flux = &body->flux;
    const enum vg_json_need need = manner == VG_BODY_NEW ? VG_JSON_REQUIRED : VG_JSON_OPTIONAL;
    const struct {
        const char *key;
        enum vg_json_need need;
        char *out;
        size_t size;
    } texts[] = {
        {"label", VG_JSON_OPTIONAL, flux->label, sizeof flux->label},
        {"url", need, flux->url, sizeof flux->url},
        {"evidence_url", VG_JSON_OPTIONAL, flux->evidence_url, sizeof flux->evidence_url},
        {"tls_name", VG_JSON_OPTIONAL, flux->tls_name, sizeof flux->tls_name},
        {"interface", VG_JSON_OPTIONAL, flux->interface, sizeof flux->interface},
        {"user", VG_JSON_OPTIONAL, flux->user, sizeof flux->user},
        {"password", VG_JSON_OPTIONAL, body->password, sizeof body->password},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const enum vg_status status = vg_json_string(json, json->root, "", texts[i].key,
                                                     texts[i].need, texts[i].out, texts[i].size);
        if (status)
            return status;
    }
    body->has_password = json_object_get(json->root, "password") != NULL;
    return read_pem(json, "ca_pem", body->ca_pem, sizeof body->ca_pem, &flux->ca_pem);
}

static enum vg_status read_values(const struct vg_json *json, struct vg_flux_config *flux)
{
    char transport[16] = "";
    int64_t priority = flux->priority;
    enum vg_status status = vg_json_string(json, json->root, "", "transport", VG_JSON_OPTIONAL,
                                           transport, sizeof transport);
    if (!status && json_object_get(json->root, "transport") &&
        vg_transport_parse(transport, &flux->transport))
        status = vg_json_refuse(json, "/transport", N_("this transport is unknown"),
                                N_("write \"auto\", \"tcp\", \"udp\" or \"multicast\""));
    if (!status)
        status = vg_json_number(json, json->root, "", "rate_fps", VG_JSON_OPTIONAL, 0.1, 25,
                                &flux->rate_fps);
    if (!status)
        status =
            vg_json_integer(json, json->root, "", "priority", VG_JSON_OPTIONAL, 0, 9, &priority);
    if (!status)
        status = vg_json_flag(json, json->root, "", "active", VG_JSON_OPTIONAL, &flux->active);
    flux->priority = (uint32_t)priority;
    return status;
}

/* The id: given and good for a new flux; the same if given when it is changed. */
static enum vg_status read_id(const struct vg_json *json, enum vg_body_manner manner,
                              struct vg_flux_config *flux)
{
    char id[VG_FLUX_ID_SIZE] = "";
    const enum vg_status status =
        vg_json_string(json, json->root, "", "id",
                       manner == VG_BODY_NEW ? VG_JSON_REQUIRED : VG_JSON_OPTIONAL, id, sizeof id);
    if (status)
        return status;
    if (manner == VG_BODY_NEW) {
        if (!vg_flux_id_valid(id))
            return vg_json_refuse(json, "/id", N_("this cannot be the id of a flux"),
                                  N_("use letters, digits, '-', '_' and '.'"));
        vg_flux_defaults(flux, id);
        return VG_OK;
    }
    if (json_object_get(json->root, "id") && strcmp(id, flux->id) != 0)
        return vg_json_refuse(json, "/id", N_("the id of a flux cannot be changed"),
                              N_("make a new flux and delete this one"));
    return VG_OK;
}

enum vg_status vg_body_flux(const uint8_t *bytes, size_t size, enum vg_body_manner manner,
                            struct vg_body_flux *body, struct vg_fault *fault)
{
    static const char *const keys[] = {"id",     "label",          "url",       "evidence_url",
                                       "user",   "password",       "transport", "tls_name",
                                       "ca_pem", "interface",      "rate_fps",  "priority",
                                       "active", "clear_accepted", NULL};
    struct vg_json json;
    body->has_password = false;
    body->password[0] = '\0';
    body->flux.ca_pem = NULL;
    enum vg_status status = open_body(&json, bytes, size, keys, fault);
    if (!status)
        status = read_id(&json, manner, &body->flux);
    if (!status)
        status = read_texts(&json, manner, body);
    if (!status)
        status = read_values(&json, &body->flux);
    if (!status)
        status = vg_json_flag(&json, json.root, "", "clear_accepted", VG_JSON_OPTIONAL,
                              &body->flux.clear_accepted);
    body->has_agreement = !status && json_object_get(json.root, "clear_accepted");
    vg_json_close(&json);
    if (!status)
        status = vg_flux_check(&body->flux, fault);
    return status;
}

enum vg_status vg_body_admission(const uint8_t *bytes, size_t size, struct vg_body_admission *body,
                                 struct vg_fault *fault)
{
    static const char *const keys[] = {"flux", "rate_fps", "priority", "scene", NULL};
    struct vg_json json;
    int64_t priority = UINT32_MAX;
    *body = (struct vg_body_admission){0};
    enum vg_status status = open_body(&json, bytes, size, keys, fault);
    const json_t *scene = json_object_get(json.root, "scene");
    if (!status)
        status = vg_json_string(&json, json.root, "", "flux", VG_JSON_OPTIONAL, body->flux,
                                sizeof body->flux);
    if (!status && body->flux[0] && !vg_flux_id_valid(body->flux))
        status = vg_json_refuse(&json, "/flux", N_("this cannot be the id of a flux"),
                                N_("use letters, digits, '-', '_' and '.'"));
    if (!status)
        status = vg_json_number(&json, json.root, "", "rate_fps", VG_JSON_OPTIONAL, 0.1, 25,
                                &body->rate_fps);
    if (!status)
        status =
            vg_json_integer(&json, json.root, "", "priority", VG_JSON_OPTIONAL, 0, 9, &priority);
    body->priority = (uint32_t)priority;
    if (!status && scene && !json_is_object(scene))
        status = vg_json_refuse(&json, "/scene", N_("an object was expected"), NULL);
    if (!status && scene) {
        body->scene = vg_json_text(scene);
        if (!body->scene)
            status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "scene");
    }
    vg_json_close(&json);
    return status;
}

enum vg_status vg_body_site(const uint8_t *bytes, size_t size, struct vg_body_site *body,
                            struct vg_fault *fault)
{
    static const char *const keys[] = {"sources",
                                       "encryption_required",
                                       "interface",
                                       "client_ports",
                                       "ca_pem",
                                       "client_certificate_pem",
                                       "client_key_pem",
                                       "stagger_ms",
                                       "decode",
                                       "listen",
                                       NULL};
    static const char *const decode_keys[] = {"devices", "cores", NULL};
    struct vg_json json;
    struct vg_fault own = {.status = VG_OK};
    const char *key = NULL;
    enum vg_status status = open_body(&json, bytes, size, keys, fault);
    const json_t *decode = json_object_get(json.root, "decode");
    if (!status && decode)
        status = vg_json_keys(&json, decode, "/decode", decode_keys);
    if (!status)
        status = read_pem(&json, "client_key_pem", body->key, sizeof body->key, &key);
    body->has_key = key != NULL;
    if (!status && vg_site_settings_read(json.root, &body->site.settings, &own))
        status = vg_json_refuse(&json, own.place, own.what, own.remedy);
    vg_json_close(&json);
    return status;
}

enum vg_status vg_body_flag(const uint8_t *bytes, size_t size, bool *flag, struct vg_fault *fault)
{
    json_t *root = json_loadb((const char *)bytes, size, JSON_DECODE_ANY, NULL);
    const bool good = json_is_boolean(root);
    *flag = json_is_true(root);
    json_decref(root);
    if (good)
        return VG_OK;
    return vg_fault_set(fault, VG_E_INPUT, N_("true or false was expected"), NULL, "body:1:1: /");
}

enum vg_status vg_body_confirm(const uint8_t *bytes, size_t size, struct vg_fault *fault)
{
    static const char *const keys[] = {"confirm", NULL};
    struct vg_json json;
    bool confirm = false;
    enum vg_status status = open_body(&json, bytes, size, keys, fault);
    if (!status)
        status = vg_json_flag(&json, json.root, "", "confirm", VG_JSON_REQUIRED, &confirm);
    if (!status && !confirm)
        status = vg_json_refuse(&json, "/confirm", N_("only true can be said here"), NULL);
    vg_json_close(&json);
    return status;
}

enum vg_status vg_body_verdict(const uint8_t *bytes, size_t size, struct vg_body_verdict *verdict,
                               struct vg_fault *fault)
{
    static const char *const keys[] = {"state", "comment", NULL};
    static const char *const states[] = {"confirmed", "refuted", "seen"};
    struct vg_json json;
    *verdict = (struct vg_body_verdict){0};
    enum vg_status status = open_body(&json, bytes, size, keys, fault);
    if (!status)
        status = vg_json_string(&json, json.root, "", "state", VG_JSON_REQUIRED, verdict->state,
                                sizeof verdict->state);
    if (!status)
        status = vg_json_string(&json, json.root, "", "comment", VG_JSON_OPTIONAL, verdict->comment,
                                sizeof verdict->comment);
    size_t i = 0;
    while (!status && i < 3 && strcmp(states[i], verdict->state) != 0)
        i++;
    if (!status && i == 3)
        status = vg_json_refuse(&json, "/state", N_("this is not a verdict"),
                                N_("write \"confirmed\", \"refuted\" or \"seen\""));
    vg_json_close(&json);
    return status;
}

/* A list of names: flux (checked as ids) or events (of the eight). */
static enum vg_status read_names(const struct vg_json *json, const char *key,
                                 struct vg_stop_list *list)
{
    json_t *array = NULL;
    enum vg_status status =
        vg_json_array(json, json->root, "", key, VG_JSON_OPTIONAL, VG_STOP_NAMES_MAX, &array);
    if (array)
        *list = (struct vg_stop_list){0};
    const bool events = strcmp(key, "events") == 0;
    for (size_t i = 0; !status && i < json_array_size(array); i++) {
        char pointer[64];
        const char *name = json_string_value(json_array_get(array, i));
        (void)snprintf(pointer, sizeof pointer, "/%s/%zu", key, i);
        if (!name)
            return vg_json_refuse(json, pointer, N_("a text was expected"), NULL);
        if (events ? vg_event_parse(name) == VG_EVENT_NONE : !vg_flux_id_valid(name))
            return vg_json_refuse(
                json, pointer,
                events ? N_("this event is unknown") : N_("this cannot be the id of a flux"), NULL);
        if (vg_stop_list_set(list, name, true))
            return vg_json_refuse(json, pointer, N_("the list is too long"), NULL);
    }
    return status;
}

enum vg_status vg_body_stop(const uint8_t *bytes, size_t size, struct vg_stop *stop,
                            struct vg_fault *fault)
{
    static const char *const keys[] = {"all", "flux", "events", NULL};
    struct vg_json json;
    enum vg_status status = open_body(&json, bytes, size, keys, fault);
    if (!status)
        status = vg_json_flag(&json, json.root, "", "all", VG_JSON_OPTIONAL, &stop->all);
    if (!status)
        status = read_names(&json, "flux", &stop->flux);
    if (!status)
        status = read_names(&json, "events", &stop->events);
    vg_json_close(&json);
    return status;
}

static enum vg_status read_time(const struct vg_json *json, const char *key,
                                struct vg_wall_time *time)
{
    char text[64] = "", pointer[16];
    const enum vg_status status =
        vg_json_string(json, json->root, "", key, VG_JSON_REQUIRED, text, sizeof text);
    if (status)
        return status;
    (void)snprintf(pointer, sizeof pointer, "/%s", key);
    if (vg_wall_parse(text, time))
        return vg_json_refuse(json, pointer, N_("this is not a time"),
                              N_("write it as 2026-11-21T10:15:30+01:00"));
    return VG_OK;
}

enum vg_status vg_body_authorisation(const uint8_t *bytes, size_t size,
                                     struct vg_authorisation *authorisation, struct vg_fault *fault)
{
    static const char *const keys[] = {"reference", "from", "to", "flux", "events", NULL};
    *authorisation = (struct vg_authorisation){0};
    json_t *any = json_loadb((const char *)bytes, size, JSON_DECODE_ANY, NULL);
    const bool none = json_is_null(any);
    json_decref(any);
    if (none)
        return VG_OK;
    struct vg_json json;
    enum vg_status status = open_body(&json, bytes, size, keys, fault);
    if (!status)
        status = vg_json_string(&json, json.root, "", "reference", VG_JSON_REQUIRED,
                                authorisation->reference, sizeof authorisation->reference);
    if (!status)
        status = read_time(&json, "from", &authorisation->first);
    if (!status)
        status = read_time(&json, "to", &authorisation->last);
    if (!status && authorisation->last.us <= authorisation->first.us)
        status = vg_json_refuse(&json, "/to", N_("the end is not after the beginning"),
                                N_("correct one of the two"));
    if (!status)
        status = read_names(&json, "flux", &authorisation->flux);
    if (!status)
        status = read_names(&json, "events", &authorisation->events);
    authorisation->given = !status;
    vg_json_close(&json);
    return status;
}
