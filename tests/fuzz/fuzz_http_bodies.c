/* Bodies of requests. The first byte chooses the parser, the rest is the body. Never: a crash, an
 * accepted body whose values are outside of what the store takes, a refusal without words. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/exchange.h"
#include "src/base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int good)
{
    if (!good)
        abort();
}

static enum vg_status try_flux(const uint8_t *bytes, size_t size, enum vg_body_manner manner,
                               struct vg_fault *fault)
{
    struct vg_body_flux body;
    vg_flux_defaults(&body.flux, "cam-1");
    memcpy(body.flux.url, "file:/x", 8);
    const enum vg_status status = vg_body_flux(bytes, size, manner, &body, fault);
    if (status == VG_OK) {
        must(vg_flux_id_valid(body.flux.id));
        must(vg_flux_check(&body.flux, NULL) == VG_OK);
    }
    return status;
}

static enum vg_status try_stop(const uint8_t *bytes, size_t size, struct vg_fault *fault)
{
    struct vg_stop *stop = calloc(1, sizeof *stop);
    const enum vg_status status = vg_body_stop(bytes, size, stop, fault);
    must(stop->flux.count <= VG_STOP_NAMES_MAX && stop->events.count <= VG_STOP_NAMES_MAX);
    free(stop);
    return status;
}

static enum vg_status try_authorisation(const uint8_t *bytes, size_t size, struct vg_fault *fault)
{
    struct vg_authorisation *a = calloc(1, sizeof *a);
    const enum vg_status status = vg_body_authorisation(bytes, size, a, fault);
    must(status != VG_OK || !a->given || a->last.us > a->first.us);
    must(status == VG_OK || !a->given);
    free(a);
    return status;
}

static enum vg_status try_site(const uint8_t *bytes, size_t size, struct vg_fault *fault)
{
    struct vg_body_site *body = calloc(1, sizeof *body);
    vg_site_settings_init(&body->site.settings);
    const enum vg_status status = vg_body_site(bytes, size, body, fault);
    const struct vg_site_settings *settings = &body->site.settings;
    if (status == VG_OK) {
        must(memchr(body->key, '\0', sizeof body->key) != NULL);
        must(vg_interface_valid(settings->interface) && vg_pem_text_valid(settings->ca_pem));
        must(settings->port_first <= settings->port_last);
        must(settings->decode_device_count <= VG_SITE_DEVICES_MAX);
        json_t *json = vg_site_settings_json(settings); /* what was taken is taken again */
        must(vg_site_settings_read(json, &body->site.settings, NULL) == VG_OK);
        json_decref(json);
    }
    free(body);
    return status;
}

static enum vg_status try_admission(const uint8_t *bytes, size_t size, struct vg_fault *fault)
{
    struct vg_body_admission body;
    const enum vg_status status = vg_body_admission(bytes, size, &body, fault);
    must(status == VG_OK || !body.scene);
    must(status != VG_OK || (body.rate_fps >= 0 && body.rate_fps <= 25));
    must(status != VG_OK || body.priority <= 9 || body.priority == UINT32_MAX);
    vg_free(body.scene);
    return status;
}

static enum vg_status try_body(uint8_t which, const uint8_t *bytes, size_t size,
                               struct vg_fault *fault)
{
    struct vg_body_sign_in sign_in;
    struct vg_body_verdict verdict;
    bool flag;
    switch (which % 9) {
    case 0:
        return vg_body_sign_in(bytes, size, &sign_in, fault);
    case 1:
        return try_flux(bytes, size, VG_BODY_NEW, fault);
    case 2:
        return try_flux(bytes, size, VG_BODY_CHANGE, fault);
    case 3:
        return vg_body_flag(bytes, size, &flag, fault);
    case 4:
        return vg_body_verdict(bytes, size, &verdict, fault);
    case 5:
        return try_stop(bytes, size, fault);
    case 6:
        return try_authorisation(bytes, size, fault);
    case 8:
        return try_admission(bytes, size, fault);
    default:
        return try_site(bytes, size, fault);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_fault fault = {0};
    struct vg_reply reply = {0};
    if (size == 0)
        return 0;
    const enum vg_status sound = vg_body_check(data + 1, size - 1, &fault);
    const enum vg_status status = try_body(data[0], data + 1, size - 1, &fault);
    if (status != VG_OK) {
        must(fault.what != NULL);
        vg_reply_fault(&reply, VG_LANGUAGE_EN, 0, NULL, &fault);
        must(reply.code >= 400 && reply.body != NULL);
        vg_reply_release(&reply);
    }
    must(status != VG_OK || sound == VG_OK); /* what is not JSON is no body */
    return 0;
}
