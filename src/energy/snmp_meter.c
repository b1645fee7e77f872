/* A power strip of the network, asked by SNMP (snmp_message.h) over UDP: "HOST[:PORT]/OID", the port
 * 161 if none is given, "[...]" around a number of IPv6. Version 2c is tried, then 1; the one that was
 * answered stays. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/energy/meter_source.h"
#include "src/energy/snmp_message.h"

enum {
    TRIES = 4 /* datagrams are lost */
};

struct strip {
    int fd;
    char community[64];
    struct vg_snmp_get get; /* of the last question */
    double scale;
    int64_t deadline_us;
};

struct target {
    char host[200], port[8];
    struct vg_snmp_oid oid;
};

static enum vg_status bad_target(const char *text, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_CALL, N_("this is no value of a power strip"),
                        N_("write HOST/1.3.6.1..., or HOST:PORT/1.3.6.1..."), "--snmp %s", text);
}

static bool target_parse(const char *text, struct target *t)
{
    const char *slash = strrchr(text, '/');
    const size_t size = slash ? (size_t)(slash - text) : 0;
    char place[sizeof t->host + sizeof t->port];
    if (!slash || size >= sizeof place || vg_snmp_oid_parse(slash + 1, &t->oid))
        return false;
    (void)snprintf(place, sizeof place, "%.*s", (int)size, text);
    const bool bracket = place[0] == '[';
    char *end = bracket ? strchr(place, ']') : strchr(place, ':');
    if (bracket && !end)
        return false;
    const char *port = "161";
    if (bracket)
        *end++ = '\0';
    if (end && *end == ':') {
        *end = '\0';
        port = end + 1;
    } else if (end && *end) {
        return false;
    }
    const int n = snprintf(t->host, sizeof t->host, "%s", place + bracket);
    const int m = snprintf(t->port, sizeof t->port, "%s", port);
    return n > 0 && (size_t)n < sizeof t->host && m > 0 && (size_t)m < sizeof t->port &&
           strspn(t->port, "0123456789") == (size_t)m && m <= 5 &&
           strtoul(t->port, NULL, 10) - 1 < UINT16_MAX; /* 1 to 65535 */
}

enum vg_status vg_meter_settings_check(const struct vg_meter_settings *settings,
                                       struct vg_fault *fault)
{
    struct target target;
    return settings->snmp[0] && !target_parse(settings->snmp, &target)
               ? bad_target(settings->snmp, fault)
               : VG_OK;
}

static enum vg_status link_open(const struct target *t, int *fd, struct vg_fault *fault)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    *fd = -1;
    const int code = getaddrinfo(t->host, t->port, &hints, &found);
    for (const struct addrinfo *a = found; !code && a && *fd < 0; a = a->ai_next) {
        *fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
        if (*fd >= 0 && connect(*fd, a->ai_addr, a->ai_addrlen)) {
            (void)close(*fd);
            *fd = -1;
        }
    }
    if (!code)
        freeaddrinfo(found);
    return *fd >= 0 ? VG_OK
                    : vg_fault_set(fault, VG_E_LACK, N_("the power strip cannot be reached"), NULL,
                                   "SNMP: %s", code ? gai_strerror(code) : strerror(errno));
}

/* Waits for the answer to the last question, until then. VG_E_TIMEOUT. */
static enum vg_status wait_answer(struct strip *s, int64_t until_us, double *value,
                                  struct vg_fault *fault)
{
    uint8_t data[VG_SNMP_MESSAGE_MAX];
    for (;;) {
        struct pollfd ready = {.fd = s->fd, .events = POLLIN};
        const int64_t left_us = until_us - vg_mono_now().us;
        if (left_us <= 0 || poll(&ready, 1, (int)(left_us / 1000) + 1) == 0)
            return VG_E_TIMEOUT;
        const ssize_t size = recv(s->fd, data, sizeof data, 0);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (size < 0) /* nobody listens there: maybe not yet */
            return VG_E_CLOSED;
        const enum vg_status status =
            vg_snmp_answer_parse(data, (size_t)size, &s->get, value, fault);
        if (status != VG_E_STATE)
            return status;
    }
}

static enum vg_status ask(struct strip *s, int64_t until_us, double *value, struct vg_fault *fault)
{
    uint8_t data[VG_SNMP_MESSAGE_MAX];
    size_t size;
    s->get.community = s->community;
    s->get.request = (s->get.request + 1) & 0x7fffffff;
    const enum vg_status status = vg_snmp_get_write(&s->get, data, sizeof data, &size);
    if (status)
        return vg_fault_set(fault, status, N_("this is no value of a power strip"), NULL, "SNMP");
    if (send(s->fd, data, size, MSG_NOSIGNAL) < 0 && errno != ECONNREFUSED)
        return vg_fault_set(fault, VG_E_IO, N_("the power strip cannot be reached"), NULL,
                            "SNMP: %s", strerror(errno));
    return wait_answer(s, until_us, value, fault);
}

static enum vg_status strip_read(void *state, struct vg_meter_sample *sample,
                                 struct vg_fault *fault)
{
    struct strip *s = state;
    double value = 0;
    enum vg_status status = VG_E_TIMEOUT;
    const int64_t start_us = vg_mono_now().us;
    for (int i = 1; i <= TRIES && (status == VG_E_TIMEOUT || status == VG_E_CLOSED); i++) {
        status = ask(s, start_us + s->deadline_us * i / TRIES, &value, fault);
        if (status == VG_E_TIMEOUT)
            s->get.version = s->get.version == VG_SNMP_V2C ? VG_SNMP_V1 : VG_SNMP_V2C;
    }
    if (status == VG_E_TIMEOUT || status == VG_E_CLOSED)
        return vg_fault_set(fault, status, N_("the power strip does not answer"),
                            N_("look at its address, and at the community it expects"), "SNMP");
    sample->watts = value * s->scale;
    if (!status && !(sample->watts >= 0 && sample->watts <= 1e6))
        return vg_fault_set(fault, VG_E_INPUT, N_("the meter's answer is not a power"), NULL,
                            "%.9g W", sample->watts);
    return status;
}

static enum vg_status strip_open(void **state, const struct vg_meter_settings *settings,
                                 const struct vg_meter_about *about, struct vg_fault *fault)
{
    struct target target;
    struct strip *s = vg_alloc(sizeof *s);
    (void)about;
    *state = s;
    if (!s)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "SNMP");
    s->fd = -1;
    if (!target_parse(settings->snmp, &target))
        return bad_target(settings->snmp, fault);
    (void)snprintf(s->community, sizeof s->community, "%s",
                   settings->community[0] ? settings->community : "public");
    s->get.oid = target.oid;
    s->get.version = VG_SNMP_V2C;
    s->get.request = (int32_t)(vg_mono_now().us & 0xffffff);
    s->scale = settings->snmp_scale > 0 ? settings->snmp_scale : 1;
    s->deadline_us = settings->deadline_us ? settings->deadline_us : VG_METER_DEADLINE_US;
    return link_open(&target, &s->fd, fault);
}

static void strip_close(void *state)
{
    struct strip *s = state;
    if (s && s->fd >= 0)
        (void)close(s->fd);
    vg_free(s);
}

static enum vg_status strip_find(const struct vg_meter_settings *settings,
                                 struct vg_meter_list *list, struct vg_fault *fault)
{
    struct vg_meter_sample sample;
    void *state = NULL;
    if (!settings->snmp[0])
        return vg_fault_set(fault, VG_E_MISSING, N_("no power strip was named"),
                            N_("name one with --snmp HOST/OID"), "SNMP");
    struct vg_meter_entry *entry = vg_meter_list_add(list, VG_METER_SNMP);
    if (!entry)
        return VG_OK;
    (void)snprintf(entry->about.name, sizeof entry->about.name, "snmp:%.48s", settings->snmp);
    entry->about.scope = VG_ENERGY_WALL;
    entry->about.form = VG_METER_POWER;
    entry->about.resolution = settings->snmp_scale > 0 ? settings->snmp_scale : 1;
    entry->about.period_us = VG_US_PER_S;
    entry->status = strip_open(&state, settings, NULL, &entry->fault);
    if (!entry->status)
        entry->status = strip_read(state, &sample, &entry->fault);
    strip_close(state);
    return VG_OK;
}

const struct vg_meter_source vg_snmp_source = {"snmp", strip_find, strip_open, strip_read,
                                               strip_close};
