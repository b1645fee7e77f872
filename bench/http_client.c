#include "bench/http_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/media/net_link.h"

enum {
    HEAD_SIZE = 2048 /* of a request */
};

struct vg_http_client {
    struct vg_http_settings settings;
    struct vg_net_link *link;
    size_t have, used; /* bytes read, and of them given away */
    char kept;         /* what the zero behind what was given stands for */
    char in[VG_HTTP_ROOM + 1];
};

enum vg_status vg_http_open(struct vg_http_client **client, const struct vg_http_settings *settings,
                            struct vg_mono_time until, struct vg_fault *fault)
{
    struct vg_http_client *c = vg_alloc(sizeof *c);
    *client = NULL;
    if (!c)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench api");
    c->settings = *settings;
    const struct vg_net_settings net = {.host = settings->host,
                                        .port = settings->port,
                                        .cover = VG_NET_TLS,
                                        .trust = {.ca_pem = settings->ca_pem},
                                        .until = until,
                                        .cancel = settings->cancel};
    const enum vg_status status = vg_net_open(&c->link, &net, fault);
    if (status)
        vg_http_close(&c);
    *client = c;
    return status;
}

void vg_http_close(struct vg_http_client **client)
{
    if (!*client)
        return;
    vg_net_close(&(*client)->link);
    vg_free(*client);
    *client = NULL;
}

const char *vg_http_tls_version(const struct vg_http_client *client)
{
    return vg_net_tls_version(client->link);
}

/* ---- bytes ---- */

/* At least one byte more; a zero stands behind them. */
static enum vg_status read_more(struct vg_http_client *c, struct vg_mono_time until)
{
    if (c->have == VG_HTTP_ROOM)
        return VG_E_FULL;
    for (;;) {
        size_t got = 0;
        enum vg_status status = vg_net_read(c->link, c->in + c->have, VG_HTTP_ROOM - c->have, &got);
        if (status)
            return status;
        if (got > 0) {
            c->have += got;
            c->in[c->have] = '\0';
            return VG_OK;
        }
        status = vg_net_wait(c->link, until);
        if (status)
            return status;
    }
}

/* What was given away goes; the rest comes to the front. */
static void advance(struct vg_http_client *c)
{
    if (!c->used)
        return;
    c->in[c->used - 1] = c->kept;
    memmove(c->in, c->in + c->used, c->have - c->used);
    c->have -= c->used;
    c->in[c->have] = '\0';
    c->used = 0;
}

static enum vg_status ask(struct vg_http_client *c, const char *method, const char *path,
                          const char *body, struct vg_mono_time until)
{
    char head[HEAD_SIZE];
    const int n = snprintf(
        head, sizeof head, "%s %s HTTP/1.1\r\nHost: %s:%u\r\n%s%s%s%sContent-Length: %zu\r\n\r\n%s",
        method, path, c->settings.host, (unsigned)c->settings.port,
        c->settings.cookie[0] ? "Cookie: " : "", c->settings.cookie,
        c->settings.cookie[0] ? "\r\n" : "", body ? "Content-Type: application/json\r\n" : "",
        body ? strlen(body) : 0, body ? body : "");
    if (n < 0 || (size_t)n >= sizeof head)
        return VG_E_FULL;
    return vg_net_write(c->link, head, (size_t)n, until);
}

/* Up to the empty line, which becomes a zero; *body: where it begins. */
static enum vg_status head_read(struct vg_http_client *c, struct vg_mono_time until,
                                struct vg_http_answer *answer, size_t *body)
{
    char *end = NULL;
    unsigned long code = 0;
    advance(c);
    while (!(end = c->have ? strstr(c->in, "\r\n\r\n") : NULL)) {
        const enum vg_status status = read_more(c, until);
        if (status)
            return status;
    }
    end[2] = '\0';
    if (strncmp(c->in, "HTTP/1.1 ", 9) == 0)
        code = strtoul(c->in + 9, NULL, 10);
    *answer = (struct vg_http_answer){.code = (unsigned)code, .head = c->in};
    *body = (size_t)(end - c->in) + 4;
    return code >= 100 && code <= 599 ? VG_OK : VG_E_INPUT;
}

void vg_http_header(const struct vg_http_answer *answer, const char *name, char *value, size_t room)
{
    const size_t size = strlen(name);
    value[0] = '\0';
    for (const char *line = strstr(answer->head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, size) != 0 || line[2 + size] != ':')
            continue;
        const char *from = line + 3 + size;
        from += strspn(from, " ");
        const size_t length = strcspn(from, "\r"), taken = length < room ? length : room - 1;
        memcpy(value, from, taken);
        value[taken] = '\0';
        return;
    }
}

/* How long the body is, by its head: our server says it of all but streams. */
static enum vg_status length_read(const struct vg_http_answer *answer, size_t *size)
{
    char text[32], *end;
    vg_http_header(answer, "Content-Length", text, sizeof text);
    errno = 0;
    const unsigned long long length = strtoull(text, &end, 10);
    *size = (size_t)length;
    if (answer->code == 204)
        return VG_OK;
    if (end == text || *end || errno || text[0] == '-')
        return VG_E_INPUT;
    return length < VG_HTTP_ROOM ? VG_OK : VG_E_FULL;
}

enum vg_status vg_http_call(struct vg_http_client *client, const char *method, const char *path,
                            const char *body, struct vg_mono_time until,
                            struct vg_http_answer *answer)
{
    size_t first = 0;
    *answer = (struct vg_http_answer){.head = ""};
    enum vg_status status = ask(client, method, path, body, until);
    if (!status)
        status = head_read(client, until, answer, &first);
    if (!status)
        status = length_read(answer, &answer->size);
    while (!status && client->have < first + answer->size)
        status = read_more(client, until);
    if (status)
        return status;
    answer->body = client->in + first;
    client->used = first + answer->size;
    client->kept = client->in[client->used - 1];
    return VG_OK;
}

/* ---- events ---- */

enum vg_status vg_http_listen(struct vg_http_client *client, const char *path,
                              struct vg_mono_time until)
{
    struct vg_http_answer answer;
    size_t first = 0;
    enum vg_status status = ask(client, "GET", path, NULL, until);
    if (!status)
        status = head_read(client, until, &answer, &first);
    if (status)
        return status;
    if (answer.code != 200)
        return VG_E_STATE;
    client->used = first;
    client->kept = first ? client->in[first - 1] : 0;
    return VG_OK;
}

/* An event is one chunk of the answer, or whole with others in one: its data never lie across two, and
 * what frames the chunks is passed over as what stands between events. */
enum vg_status vg_http_event(struct vg_http_client *client, struct vg_mono_time until,
                             const char **data, size_t *size)
{
    static const char mark[] = "\ndata: ";
    advance(client);
    for (;;) {
        char *from = client->have ? strstr(client->in, mark) : NULL;
        char *end = from ? strstr(from + 1, "\n\n") : NULL;
        if (end) {
            *data = from + sizeof mark - 1;
            *size = (size_t)(end - *data);
            client->used = (size_t)(end - client->in) + 1;
            client->kept = *end;
            *end = '\0';
            return VG_OK;
        }
        const enum vg_status status = read_more(client, until);
        if (status)
            return status;
    }
}
