#include "src/media/ingest_config.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

static enum vg_status refuse(struct vg_fault *fault, size_t number, const char *key)
{
    return vg_fault_set(fault, VG_E_INPUT, N_("the configuration message was refused"), NULL,
                        "/flux/%zu/%s", number, key);
}

/* The text of `key`, "" when absent or null; false: another type, or too long. */
static bool take_text(const json_t *object, const char *key, char *out, size_t size)
{
    const json_t *value = json_object_get(object, key);
    out[0] = '\0';
    if (!value || json_is_null(value))
        return true;
    const char *text = json_string_value(value);
    const size_t length = json_string_length(value);
    if (!text || length >= size || strlen(text) != length)
        return false;
    memcpy(out, text, length + 1);
    return true;
}

static enum vg_status take_flux(const json_t *object, size_t number, uint32_t flux_max,
                                struct vg_ingest_config *config, struct vg_fault *fault)
{
    char transport[16];
    const json_t *index = json_object_get(object, "index");
    const json_int_t place = json_integer_value(index);
    if (!json_is_integer(index) || place < 0 || place >= (json_int_t)flux_max)
        return refuse(fault, number, "index");
    struct vg_ingest_flux_config *flux = &config->flux[place];
    if (flux->present)
        return refuse(fault, number, "index");
    const struct {
        const char *key;
        char *out;
        size_t size;
    } texts[] = {
        {"evidence_url", flux->evidence_url, sizeof flux->evidence_url},
        {"user", flux->user, sizeof flux->user},
        {"password", flux->password, sizeof flux->password},
        {"interface", flux->interface, sizeof flux->interface},
        {"tls_name", flux->tls_name, sizeof flux->tls_name},
        {"ca_pem", flux->ca_pem, sizeof flux->ca_pem},
        {"refused", flux->refused, sizeof flux->refused},
    };
    if (!take_text(object, "id", flux->id, sizeof flux->id) || flux->id[0] == '\0')
        return refuse(fault, number, "id");
    if (!take_text(object, "url", flux->url, sizeof flux->url) || flux->url[0] == '\0')
        return refuse(fault, number, "url");
    if (!take_text(object, "transport", transport, sizeof transport))
        return refuse(fault, number, "transport");
    (void)vg_transport_parse(transport, &flux->transport); /* none or unknown: auto */
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!take_text(object, texts[i].key, texts[i].out, texts[i].size))
            return refuse(fault, number, texts[i].key);
    const json_int_t priority = json_integer_value(json_object_get(object, "priority"));
    flux->priority = priority >= 0 && priority <= 9 ? (uint32_t)priority : 9;
    const json_int_t source = json_integer_value(json_object_get(object, "source"));
    flux->source = source > 0 ? (uint64_t)source : 0;
    flux->active = json_is_true(json_object_get(object, "active")) && !flux->refused[0];
    flux->present = true;
    return VG_OK;
}

static enum vg_status take_site(const json_t *object, struct vg_ingest_site_settings *site,
                                struct vg_fault *fault)
{
    struct vg_fault own = {.status = VG_OK};
    vg_site_settings_init(&site->settings);
    if (!object || json_is_null(object))
        return VG_OK;
    if (vg_site_settings_read(object, &site->settings, &own) == VG_OK &&
        take_text(object, "client_key_pem", site->key_pem, sizeof site->key_pem))
        return VG_OK;
    return vg_fault_set(fault, VG_E_INPUT, N_("the configuration message was refused"), NULL,
                        "/site%s", own.status ? own.place : "/client_key_pem");
}

/* Nonsense: it is taken for the only one. */
static void take_process(const json_t *message, struct vg_ingest_site_settings *site)
{
    const json_int_t count = json_integer_value(json_object_get(message, "processes"));
    const json_int_t number = json_integer_value(json_object_get(message, "process"));
    const bool good = number >= 0 && number < count && count <= VG_INGEST_PROCESSES_MAX;
    site->process = good ? (uint32_t)number : 0;
    site->processes = good ? (uint32_t)count : 1;
}

static enum vg_status take_all(const json_t *message, uint32_t flux_max,
                               struct vg_ingest_config *config, struct vg_fault *fault)
{
    const json_t *flux = json_object_get(message, "flux");
    const json_int_t version = json_integer_value(json_object_get(message, "version"));
    config->version = version > 0 ? (uint64_t)version : 0;
    const double share = json_number_value(json_object_get(message, "share"));
    config->share = share > 0 && share <= 1 ? share : 1;
    enum vg_status status = vg_authorisation_read(json_object_get(message, "authorisation"),
                                                  &config->authorisation, fault);
    if (status == VG_OK)
        status = take_site(json_object_get(message, "site"), &config->site, fault);
    take_process(message, &config->site);
    if (status)
        return status;
    if (!json_is_array(flux) || json_array_size(flux) > flux_max)
        return refuse(fault, json_array_size(flux), "");
    for (size_t i = 0; i < json_array_size(flux) && status == VG_OK; i++)
        status = take_flux(json_array_get(flux, i), i, flux_max, config, fault);
    return status;
}

enum vg_status vg_ingest_config_read(const json_t *message, uint32_t flux_max,
                                     struct vg_ingest_config **config, struct vg_fault *fault)
{
    struct vg_ingest_config *c = vg_alloc(sizeof *c);
    *config = NULL;
    if (!c)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "config");
    const uint32_t places = flux_max < VG_SLOTS_FLUX_MAX ? flux_max : VG_SLOTS_FLUX_MAX;
    const enum vg_status status = take_all(message, places, c, fault);
    if (status)
        vg_ingest_config_free(&c);
    *config = c;
    return status;
}

void vg_ingest_config_free(struct vg_ingest_config **config)
{
    struct vg_ingest_config *c = *config;
    if (!c)
        return;
    explicit_bzero(c->flux, sizeof c->flux);
    explicit_bzero(c->site.key_pem, sizeof c->site.key_pem);
    vg_free(c);
    *config = NULL;
}
