/* From rows of SQLite to messages. */
#include "src/supervise/handout.h"

#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/store/redis_link.h"
#include "src/store/site.h"

/* one flux with what stands apart from its row */
struct row {
    struct vg_flux_config flux;
    uint32_t place;
    json_t *scene; /* NULL: none */
    char *ca_pem;  /* NULL or "": none */
    char password[VG_FLUX_PASSWORD_SIZE];
    enum vg_site_verdict verdict; /* what makes it not lawful, or ADMITS */
};

struct vg_handout {
    uint64_t version;
    struct vg_config_site site;
    struct vg_site declared;
    char client_key[VG_SITE_KEY_SIZE];
    struct vg_authorisation authorisation;
    char redis[VG_REDIS_PATH_MAX];
    size_t count;
    struct row *rows;
};

/* ---- reading ---- */

static enum vg_status read_scene(struct row *row, struct vg_database *database,
                                 struct vg_fault *fault)
{
    char *text = NULL;
    size_t size = 0;
    uint64_t version = 0;
    if (!row->flux.has_scene)
        return VG_OK;
    enum vg_status status =
        vg_config_scene_get(database, row->flux.id, &text, &size, &version, fault);
    if (status != VG_OK)
        return status;
    row->scene = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    vg_free(text);
    if (row->scene != NULL)
        return VG_OK;
    return vg_fault_set(fault, VG_E_INTEGRITY, N_("the stored scene of a flux cannot be read"),
                        N_("put the scene again"), "%s", row->flux.id);
}

/* A flux may have become unlawful by a change of the site's settings. The agreement to video in
 * the clear is asked for when a flux is saved: one of before that was asked goes on, marked. */
static enum vg_status read_verdict(struct row *row, const struct vg_site_settings *settings,
                                   struct vg_fault *fault)
{
    struct vg_fault own = {.status = VG_OK};
    row->verdict = vg_site_judge_flux(settings, &row->flux, &own);
    if (row->verdict == VG_SITE_CLEAR_NOT_ACCEPTED)
        row->verdict = VG_SITE_ADMITS;
    if (row->verdict == VG_SITE_ADMITS)
        return VG_OK;
    return vg_fault_set(fault, VG_E_DENIED, own.what, own.remedy, "%s", row->flux.id);
}

/* What makes a flux unusable switches it off and is told; the others are not held up by it. */
static void read_row(struct row *row, const struct vg_handout_source *source,
                     const struct vg_site_settings *settings, struct vg_fault *fault)
{
    struct vg_fault own = {.status = VG_OK};
    const bool wanted = row->flux.active;
    enum vg_status status = read_verdict(row, settings, &own);
    if (status == VG_OK)
        status = read_scene(row, source->database, &own);
    if (status == VG_OK && row->flux.has_password)
        status =
            vg_config_password(source->database, source->secret, row->flux.id, row->password, &own);
    if (status == VG_OK && row->flux.has_ca)
        status = vg_config_flux_ca(source->database, row->flux.id, &row->ca_pem, &own);
    if (status == VG_OK || (status == VG_E_DENIED && !wanted))
        return;
    row->flux.active = false;
    *fault = own;
    fault->status = status;
}

/* The rows that have a place on this machine. */
static enum vg_status place_rows(struct vg_handout *handout, const struct vg_flux_config *flux,
                                 size_t count, const struct vg_handout_source *source,
                                 struct vg_fault *fault)
{
    uint32_t place[VG_PLACES_MAX];
    handout->rows = vg_alloc_array(count + 1, sizeof *handout->rows);
    if (handout->rows == NULL)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%zu flux",
                            count);
    if (vg_places_assign(source->places, flux, count, place) != VG_OK)
        return vg_fault_set(fault, VG_E_FULL, N_("there are more flux than this server takes"),
                            N_("delete some, or use another server for them"), "%zu", count);
    for (size_t i = 0; i < count; i++) {
        if (place[i] < source->flux_max) {
            handout->rows[handout->count++] = (struct row){.flux = flux[i], .place = place[i]};
            continue;
        }
        (void)vg_fault_set(fault, VG_E_FULL, N_("there are more flux than this server takes"),
                           N_("delete some, or use another server for them"), "%s", flux[i].id);
    }
    return VG_OK;
}

/* Without it the servers that want it refuse us, the others serve: it is told, and all goes on. */
static void read_client_key(struct vg_handout *handout, const struct vg_handout_source *source,
                            struct vg_fault *fault)
{
    struct vg_fault own = {.status = VG_OK};
    if (!handout->declared.has_key)
        return;
    const enum vg_status status =
        vg_site_key(source->database, source->secret, handout->client_key, &own);
    if (status == VG_OK)
        return;
    *fault = own;
    fault->status = status;
}

enum vg_status vg_handout_read(struct vg_handout **handout, const struct vg_handout_source *source,
                               struct vg_fault *fault)
{
    struct vg_flux_config *flux = NULL;
    size_t count = 0;
    struct vg_handout *h = vg_alloc(sizeof *h);
    *handout = NULL;
    if (h == NULL)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s",
                            VG_DATABASE_FILE);
    (void)snprintf(h->redis, sizeof h->redis, "%s", source->redis);
    /* the version first: a change made while reading shows as a newer one at the next look */
    enum vg_status status = vg_config_version(source->database, &h->version, fault);
    if (status == VG_OK)
        status = vg_config_site_get(source->database, &h->site, fault);
    if (status == VG_OK)
        status = vg_site_get(source->database, &h->declared, fault);
    if (status == VG_OK)
        status = vg_config_authorisation_get(source->database, &h->authorisation, fault);
    if (status == VG_OK)
        status = vg_config_flux_list(source->database, &flux, &count, fault);
    fault->status = status;
    if (status == VG_OK)
        status = place_rows(h, flux, count, source, fault);
    vg_free(flux);
    if (status != VG_OK) {
        vg_handout_close(&h);
        return status;
    }
    for (size_t i = 0; i < h->count; i++)
        read_row(&h->rows[i], source, &h->declared.settings, fault);
    read_client_key(h, source, fault);
    *handout = h;
    return VG_OK;
}

void vg_handout_close(struct vg_handout **handout)
{
    struct vg_handout *h = *handout;
    *handout = NULL;
    if (h == NULL)
        return;
    for (size_t i = 0; h->rows != NULL && i < h->count; i++) {
        json_decref(h->rows[i].scene);
        vg_free(h->rows[i].ca_pem);
        vg_secret_wipe(h->rows[i].password, sizeof h->rows[i].password);
    }
    vg_secret_wipe(h->client_key, sizeof h->client_key);
    vg_free(h->rows);
    vg_free(h);
}

uint64_t vg_handout_version(const struct vg_handout *handout)
{
    return handout->version;
}

uint32_t vg_handout_flux_count(const struct vg_handout *handout)
{
    return (uint32_t)handout->count;
}

/* ---- messages ---- */

/* "host_not_declared", or NULL. */
static const char *refusal(const struct row *row)
{
    return row->verdict == VG_SITE_ADMITS ? NULL : vg_site_verdict_name(row->verdict);
}

static json_t *ingest_row(const struct row *row)
{
    const struct vg_flux_config *flux = &row->flux;
    return json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:f,s:I,s:I,s:s?}", "index",
                     (json_int_t)(row->place % VG_PLACES_PER_INGEST), "id", flux->id, "url",
                     flux->url, "evidence_url", flux->evidence_url, "user", flux->user, "password",
                     row->password, "transport", vg_transport_name(flux->transport), "tls_name",
                     flux->tls_name, "ca_pem", row->ca_pem ? row->ca_pem : "", "interface",
                     flux->interface, "active", (int)flux->active, "rate_fps", flux->rate_fps,
                     "priority", (json_int_t)flux->priority, "source",
                     (json_int_t)flux->view_source, "refused", refusal(row));
}

static json_t *analysis_row(const struct row *row)
{
    const struct vg_flux_config *flux = &row->flux;
    return json_pack(
        "{s:I,s:I,s:I,s:s,s:s,s:f,s:I,s:b,s:O?,s:s?,s:I,s:I,s:I}", "index", (json_int_t)row->place,
        "ingest", (json_int_t)(row->place / VG_PLACES_PER_INGEST), "slot",
        (json_int_t)(row->place % VG_PLACES_PER_INGEST), "id", flux->id, "label", flux->label,
        "rate_fps", flux->rate_fps, "priority", (json_int_t)flux->priority, "active",
        (int)flux->active, "scene", row->scene, "refused", refusal(row), "view_source",
        (json_int_t)flux->view_source, "view_confirmed", (json_int_t)flux->view_confirmed,
        "declared_milli", (json_int_t)flux->declared_milli);
}

/* What is declared for all flux, and the key that belongs to it. */
static json_t *site_json(const struct vg_handout *handout)
{
    json_t *site = vg_site_settings_json(&handout->declared.settings);
    if (!site || json_object_set_new(site, "client_key_pem", json_string(handout->client_key))) {
        json_decref(site);
        return NULL;
    }
    return site;
}

/* Up to the last one that has a flux. */
static uint32_t processes_of(const struct vg_handout *handout)
{
    uint32_t count = 1;
    for (size_t i = 0; i < handout->count; i++) {
        const uint32_t needed = handout->rows[i].place / VG_PLACES_PER_INGEST + 1;
        count = needed > count ? needed : count;
    }
    return count;
}

json_t *vg_handout_for_ingest(const struct vg_handout *handout, uint32_t ingest)
{
    json_t *flux = json_array();
    for (size_t i = 0; i < handout->count; i++)
        if (handout->rows[i].place / VG_PLACES_PER_INGEST == ingest)
            (void)json_array_append_new(flux, ingest_row(&handout->rows[i]));
    /* of what all ingest processes share: cores for decoding, moments to connect to one host */
    const double share =
        handout->count ? (double)json_array_size(flux) / (double)handout->count : 1;
    return json_pack("{s:s,s:I,s:o,s:o,s:f,s:I,s:I,s:o}", "type", "config", "version",
                     (json_int_t)handout->version, "authorisation",
                     vg_authorisation_json(&handout->authorisation), "site", site_json(handout),
                     "share", share, "process", (json_int_t)ingest, "processes",
                     (json_int_t)processes_of(handout), "flux", flux);
}

json_t *vg_handout_for_analysis(const struct vg_handout *handout)
{
    json_t *flux = json_array();
    for (size_t i = 0; i < handout->count; i++)
        (void)json_array_append_new(flux, analysis_row(&handout->rows[i]));
    return json_pack("{s:s,s:I,s:o,s:s,s:s,s:s,s:s,s:f,s:o}", "type", "config", "version",
                     (json_int_t)handout->version, "authorisation",
                     vg_authorisation_json(&handout->authorisation), "phase",
                     vg_phase_name(handout->site.phase), "model", handout->site.model, "node",
                     handout->site.node, "redis", handout->redis, "decode_cores",
                     handout->declared.settings.decode_cores, "flux", flux);
}
