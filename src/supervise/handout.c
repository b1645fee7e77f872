/* From rows of SQLite to messages. */
#include "src/supervise/handout.h"

#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/store/redis_link.h"

/* one flux with what stands apart from its row */
struct row {
    struct vg_flux_config flux;
    uint32_t place;
    json_t *scene; /* NULL: none */
    char password[VG_FLUX_PASSWORD_SIZE];
};

struct vg_handout {
    uint64_t version;
    struct vg_config_site site;
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

/* What makes a flux unusable switches it off and is told; the others are not held up by it. */
static void read_row(struct row *row, struct vg_database *database, const struct vg_secret *secret,
                     struct vg_fault *fault)
{
    struct vg_fault own = {.status = VG_OK};
    enum vg_status status = read_scene(row, database, &own);
    if (status == VG_OK && row->flux.has_password)
        status = vg_config_password(database, secret, row->flux.id, row->password, &own);
    if (status == VG_OK)
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
        read_row(&h->rows[i], source->database, source->secret, fault);
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
        vg_secret_wipe(h->rows[i].password, sizeof h->rows[i].password);
    }
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

static json_t *ingest_row(const struct row *row)
{
    const struct vg_flux_config *flux = &row->flux;
    return json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:b,s:f}", "index",
                     (json_int_t)(row->place % VG_PLACES_PER_INGEST), "id", flux->id, "url",
                     flux->url, "user", flux->user, "password", row->password, "transport",
                     vg_transport_name(flux->transport), "active", (int)flux->active, "rate_fps",
                     flux->rate_fps);
}

static json_t *analysis_row(const struct row *row)
{
    const struct vg_flux_config *flux = &row->flux;
    return json_pack("{s:I,s:I,s:I,s:s,s:s,s:f,s:I,s:b,s:O?}", "index", (json_int_t)row->place,
                     "ingest", (json_int_t)(row->place / VG_PLACES_PER_INGEST), "slot",
                     (json_int_t)(row->place % VG_PLACES_PER_INGEST), "id", flux->id, "label",
                     flux->label, "rate_fps", flux->rate_fps, "priority",
                     (json_int_t)flux->priority, "active", (int)flux->active, "scene", row->scene);
}

json_t *vg_handout_for_ingest(const struct vg_handout *handout, uint32_t ingest)
{
    json_t *flux = json_array();
    for (size_t i = 0; i < handout->count; i++)
        if (handout->rows[i].place / VG_PLACES_PER_INGEST == ingest)
            (void)json_array_append_new(flux, ingest_row(&handout->rows[i]));
    return json_pack("{s:s,s:I,s:o,s:o}", "type", "config", "version", (json_int_t)handout->version,
                     "authorisation", vg_authorisation_json(&handout->authorisation), "flux", flux);
}

json_t *vg_handout_for_analysis(const struct vg_handout *handout)
{
    json_t *flux = json_array();
    for (size_t i = 0; i < handout->count; i++)
        (void)json_array_append_new(flux, analysis_row(&handout->rows[i]));
    return json_pack("{s:s,s:I,s:o,s:s,s:s,s:s,s:s,s:o}", "type", "config", "version",
                     (json_int_t)handout->version, "authorisation",
                     vg_authorisation_json(&handout->authorisation), "phase",
                     vg_phase_name(handout->site.phase), "model", handout->site.model, "node",
                     handout->site.node, "redis", handout->redis, "flux", flux);
}
