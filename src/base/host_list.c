#include "src/base/host_list.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "src/base/text.h"

#define NAME_MAX_BYTES  253 /* RFC 1035 */
#define LABEL_MAX_BYTES 63
#define DIGITS          "0123456789"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:a.b.c.d, RFC 4291 */

static void be_ipv4(struct vg_host *host, const uint8_t bytes[4])
{
    memset(host->address, 0, sizeof host->address);
    memcpy(host->address, bytes, 4);
    host->kind = VG_HOST_IPV4;
    (void)inet_ntop(AF_INET, host->address, host->text, sizeof host->text);
}

static bool read_ipv6(const char *text, struct vg_host *host)
{
    uint8_t bytes[16];
    if (inet_pton(AF_INET6, text, bytes) != 1)
        return false;
    if (memcmp(bytes, mapped, sizeof mapped) == 0) {
        be_ipv4(host, bytes + sizeof mapped);
        return true;
    }
    memcpy(host->address, bytes, sizeof bytes);
    host->kind = VG_HOST_IPV6;
    (void)inet_ntop(AF_INET6, host->address, host->text, sizeof host->text);
    return true;
}

/* "7f", "0x7f": what the last label of an address written otherwise looks like. */
static bool is_number(const char *label, size_t size)
{
    if (size > 1 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X'))
        return strspn(label + 2, DIGITS "abcdefABCDEF") >= size - 2;
    return strspn(label, DIGITS) >= size;
}

/* Checks the labels of a name and writes it in lower case. */
static bool read_name(const char *text, size_t size, struct vg_host *host)
{
    size_t label = 0; /* where it begins */
    if (size == 0 || size > NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i <= size; i++) {
        const char c = i < size ? text[i] : '.';
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (c == '.') {
            if (i == label || i - label > LABEL_MAX_BYTES || text[label] == '-')
                return false;
            if (i == size && is_number(text + label, i - label))
                return false;
            label = i + 1;
        } else if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_') {
            return false;
        }
        host->text[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    host->text[size] = '\0';
    host->kind = VG_HOST_NAME;
    return true;
}

static bool read_host(const char *text, size_t size, struct vg_host *host)
{
    char copy[VG_HOST_SIZE];
    uint8_t bytes[4];
    const bool brackets = size > 2 && text[0] == '[' && text[size - 1] == ']';
    if (brackets) {
        text++;
        size -= 2;
    }
    if (size == 0 || size >= sizeof copy || memchr(text, '\0', size))
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    if (brackets || strchr(copy, ':'))
        return read_ipv6(copy, host);
    if (inet_pton(AF_INET, copy, bytes) == 1) {
        be_ipv4(host, bytes);
        return true;
    }
    return read_name(copy, copy[size - 1] == '.' ? size - 1 : size, host);
}

enum vg_status vg_host_read(const char *text, size_t size, struct vg_host *host)
{
    memset(host, 0, sizeof *host);
    if (read_host(text, size, host))
        return VG_OK;
    memset(host, 0, sizeof *host);
    return VG_E_INPUT;
}

bool vg_host_is_loopback(const struct vg_host *host)
{
    static const uint8_t one[16] = {[15] = 1};
    switch (host->kind) {
    case VG_HOST_NAME:
        return strcmp(host->text, "localhost") == 0;
    case VG_HOST_IPV4:
        return host->address[0] == 127;
    case VG_HOST_IPV6:
        return memcmp(host->address, one, sizeof one) == 0;
    }
    return false;
}

bool vg_host_is_multicast(const struct vg_host *host)
{
    return (host->kind == VG_HOST_IPV4 && host->address[0] >> 4 == 14) ||
           (host->kind == VG_HOST_IPV6 && host->address[0] == 0xff);
}

/* ---- lists ---- */

static unsigned bits_of(enum vg_host_kind kind)
{
    return kind == VG_HOST_IPV4 ? 32 : kind == VG_HOST_IPV6 ? 128 : 0;
}

/* Whether the first `prefix` bits are equal. */
static bool same_block(const uint8_t a[16], const uint8_t b[16], unsigned prefix)
{
    const unsigned whole = prefix / 8, rest = prefix % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || ((unsigned)(a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

/* Whether the bits behind the prefix are zero: "10.1.0.7/24" says two things at once. */
static bool is_first_of_block(const struct vg_host_rule *rule)
{
    const unsigned bits = bits_of(rule->host.kind);
    for (unsigned i = rule->prefix; i < bits; i++)
        if (rule->host.address[i / 8] & (0x80u >> (i % 8)))
            return false;
    return true;
}

/* "name", "10.1.0.0/24", "2001:db8::/32" */
static bool read_block(const char *text, struct vg_host_rule *rule)
{
    const size_t size = strcspn(text, "/");
    if (vg_host_read(text, size, &rule->host) != VG_OK)
        return false;
    const unsigned bits = bits_of(rule->host.kind);
    rule->prefix = (uint8_t)bits;
    if (text[size] == '\0')
        return true;
    const char *digits = text + size + 1;
    const size_t count = strspn(digits, DIGITS);
    unsigned prefix = 0;
    for (size_t i = 0; i < count && i < 4; i++)
        prefix = prefix * 10 + (unsigned)(digits[i] - '0');
    if (count == 0 || count > 3 || digits[count] != '\0' || prefix == 0 || prefix > bits)
        return false;
    rule->prefix = (uint8_t)prefix;
    return is_first_of_block(rule);
}

static enum vg_status refuse(struct vg_fault *fault, size_t at, const char *key, const char *what,
                             const char *remedy)
{
    return vg_fault_set(fault, VG_E_INPUT, what, remedy, "/%zu%s", at, key);
}

static enum vg_status read_ports(const json_t *ports, size_t at, struct vg_host_rule *rule,
                                 struct vg_fault *fault)
{
    if (!ports || json_is_null(ports))
        return VG_OK;
    if (!json_is_array(ports) || json_array_size(ports) > VG_HOST_PORTS_MAX)
        return refuse(fault, at, "/ports", N_("these are no ports"),
                      N_("give at most 16 numbers from 1 to 65535, or leave the ports out"));
    for (size_t i = 0; i < json_array_size(ports); i++) {
        const json_int_t port = json_integer_value(json_array_get(ports, i)); /* else 0 */
        if (port < 1 || port > 65535)
            return refuse(fault, at, "/ports", N_("these are no ports"),
                          N_("give at most 16 numbers from 1 to 65535, or leave the ports out"));
        rule->port[rule->port_count++] = (uint16_t)port;
    }
    return VG_OK;
}

static enum vg_status read_rule(const json_t *object, size_t at, struct vg_host_rule *rule,
                                struct vg_fault *fault)
{
    const json_t *host = json_object_get(object, "host"), *ports = json_object_get(object, "ports");
    const char *text = json_string_value(host);
    if (!json_is_object(object))
        return refuse(fault, at, "", N_("an object was expected"), NULL);
    if (json_object_size(object) != (size_t)(host != NULL) + (size_t)(ports != NULL))
        return refuse(fault, at, "", N_("unknown key"), N_("write \"host\" and \"ports\""));
    if (!text || strlen(text) != json_string_length(host) || !read_block(text, rule))
        return refuse(fault, at, "/host", N_("this is neither a host nor a block of addresses"),
                      N_("write vms.example.org, 10.1.0.7 or 10.1.0.0/24"));
    return read_ports(ports, at, rule, fault);
}

enum vg_status vg_host_list_read(const json_t *array, struct vg_host_list *list,
                                 struct vg_fault *fault)
{
    memset(list, 0, sizeof *list);
    if (!array || json_is_null(array))
        return VG_OK;
    if (!json_is_array(array) || json_array_size(array) > VG_HOST_LIST_MAX)
        return vg_fault_set(fault, VG_E_INPUT, N_("this is no list of hosts"),
                            N_("give at most 256 of them"), "%s", "");
    for (size_t i = 0; i < json_array_size(array); i++) {
        const enum vg_status status = read_rule(json_array_get(array, i), i, &list->rule[i], fault);
        if (status != VG_OK) {
            memset(list, 0, sizeof *list);
            return status;
        }
        list->count++;
    }
    return VG_OK;
}

static json_t *rule_json(const struct vg_host_rule *rule)
{
    char text[VG_HOST_SIZE + 8];
    const bool block = rule->prefix != bits_of(rule->host.kind);
    (void)snprintf(text, sizeof text, block ? "%s/%u" : "%s", rule->host.text,
                   (unsigned)rule->prefix);
    json_t *ports = json_array();
    for (size_t i = 0; i < rule->port_count; i++)
        (void)json_array_append_new(ports, json_integer(rule->port[i]));
    return json_pack("{s:s,s:o}", "host", text, "ports", ports);
}

json_t *vg_host_list_json(const struct vg_host_list *list)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < list->count; i++)
        if (json_array_append_new(array, rule_json(&list->rule[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static bool rule_names(const struct vg_host_rule *rule, const struct vg_host *host)
{
    if (rule->host.kind != host->kind)
        return false;
    if (host->kind == VG_HOST_NAME)
        return strcmp(rule->host.text, host->text) == 0;
    return same_block(rule->host.address, host->address, rule->prefix);
}

static bool rule_has_port(const struct vg_host_rule *rule, uint16_t port)
{
    if (port == 0)
        return true;
    for (size_t i = 0; i < rule->port_count; i++)
        if (rule->port[i] == port)
            return true;
    return rule->port_count == 0;
}

bool vg_host_list_has(const struct vg_host_list *list, const struct vg_host *host, uint16_t port)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (rule_names(&list->rule[i], host) && rule_has_port(&list->rule[i], port))
            return true;
    return false;
}

bool vg_host_list_may_visit(const void *list, const char *host, uint16_t port)
{
    struct vg_host read;
    return vg_host_read(host, strlen(host), &read) == VG_OK && vg_host_list_has(list, &read, port);
}

/* Whether the rule holds all that is asked to be added: the port, or every one. */
static bool rule_covers(const struct vg_host_rule *rule, uint16_t port)
{
    return port == 0 ? rule->port_count == 0 : rule_has_port(rule, port);
}

enum vg_status vg_host_list_add(struct vg_host_list *list, const struct vg_host *host,
                                uint16_t port)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (rule_names(&list->rule[i], host) && rule_covers(&list->rule[i], port))
            return VG_OK;
    for (uint32_t i = 0; i < list->count; i++) {
        struct vg_host_rule *rule = &list->rule[i];
        if (strcmp(rule->host.text, host->text) != 0 || rule->prefix != bits_of(host->kind))
            continue;
        if (port == 0 || rule->port_count == VG_HOST_PORTS_MAX)
            rule->port_count = 0;
        else
            rule->port[rule->port_count++] = port;
        return VG_OK;
    }
    if (list->count == VG_HOST_LIST_MAX)
        return VG_E_FULL;
    list->rule[list->count++] = (struct vg_host_rule){
        .host = *host,
        .prefix = (uint8_t)bits_of(host->kind),
        .port_count = port != 0,
        .port = {port},
    };
    return VG_OK;
}
