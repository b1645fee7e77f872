/* The configuration message to ingest: whatever comes, it is read whole or refused, every text
 * ends within its field, and no place is outside the slots. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/message.h"
#include "src/media/ingest_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct vg_ingest_flux_config *flux)
{
    if (!flux->present)
        return;
    if (!flux->id[0] || strlen(flux->id) >= sizeof flux->id || !flux->url[0] ||
        strlen(flux->url) >= sizeof flux->url || strlen(flux->user) >= sizeof flux->user ||
        strlen(flux->password) >= sizeof flux->password ||
        strlen(flux->evidence_url) >= sizeof flux->evidence_url ||
        strlen(flux->tls_name) >= sizeof flux->tls_name ||
        strlen(flux->interface) >= sizeof flux->interface ||
        strlen(flux->ca_pem) >= sizeof flux->ca_pem ||
        strlen(flux->refused) >= sizeof flux->refused || (flux->active && flux->refused[0]))
        abort();
}

static void check_site(const struct vg_ingest_site_settings *site)
{
    const struct vg_site_settings *settings = &site->settings;
    if (settings->sources.count > VG_HOST_LIST_MAX || settings->listen.count > VG_HOST_LIST_MAX ||
        settings->decode_device_count > VG_SITE_DEVICES_MAX ||
        settings->port_first > settings->port_last ||
        strlen(site->key_pem) >= sizeof site->key_pem ||
        strlen(settings->ca_pem) >= sizeof settings->ca_pem)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *type = NULL;
    struct vg_ingest_config *config = NULL;
    struct vg_fault fault;
    json_t *message = vg_message_parse((const char *)data, size, &type);
    if (message && vg_ingest_config_read(message, 4, &config, &fault) == VG_OK)
        for (uint32_t i = 0; i < VG_SLOTS_FLUX_MAX; i++) {
            const struct vg_ingest_flux_config *flux = &config->flux[i];
            check(flux);
            if (i >= 4 && flux->present)
                abort();
        }
    if (config)
        check_site(&config->site);
    vg_ingest_config_free(&config);
    json_decref(message);
    return 0;
}
