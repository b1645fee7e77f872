/* Addresses of sources, and the hosts within. Never: a crash, a text without its end, a host that
 * is not read again as itself, a path with what could end a request's line, a user or a password
 * in what was taken, a refusal without words. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/source_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int good)
{
    if (!good)
        abort();
}

static void check_host(const struct vg_host *host)
{
    struct vg_host again;
    must(memchr(host->text, '\0', sizeof host->text) != NULL);
    must(vg_host_read(host->text, strlen(host->text), &again) == VG_OK);
    must(memcmp(host, &again, sizeof again) == 0);
}

static void check_url(const struct vg_source_url *url)
{
    const int has_host = vg_source_url_networked(url) && url->scheme != VG_SCHEME_SDP;
    must(memchr(url->path, '\0', sizeof url->path) != NULL);
    must((url->host.text[0] != '\0') == has_host && (url->port != 0) == has_host);
    if (has_host)
        check_host(&url->host);
    for (const char *p = url->path; *p; p++)
        must((unsigned char)*p >= (has_host ? 0x21 : 0x20) && *p != 0x7f);
    must(url->scheme == VG_SCHEME_MPEGTS ? url->path[0] == '\0' : url->path[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_source_url url;
    struct vg_host host;
    struct vg_fault fault = {0};
    const char *text = (const char *)data;
    if (vg_host_read(text, size, &host) == VG_OK)
        check_host(&host);
    if (vg_source_url_read(text, size, &url, &fault) == VG_OK)
        check_url(&url);
    else
        must(fault.what != NULL && fault.remedy != NULL && fault.place[0] == '\0');
    return 0;
}
