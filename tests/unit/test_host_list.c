/* Hosts and lists of hosts: what is one, which are equal, what a block holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/host_list.h"

static void hosts_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want; /* NULL: refused */
        enum vg_host_kind kind;
    } rows[] = {
        {"vms.example.org", "vms.example.org", VG_HOST_NAME},
        {"VMS.Example.ORG.", "vms.example.org", VG_HOST_NAME},
        {"vms", "vms", VG_HOST_NAME},
        {"a_b-c.1a", "a_b-c.1a", VG_HOST_NAME},
        {"10.1.0.7", "10.1.0.7", VG_HOST_IPV4},
        {"::1", "::1", VG_HOST_IPV6},
        {"[2001:DB8::0:1]", "2001:db8::1", VG_HOST_IPV6},
        {"::ffff:10.1.0.7", "10.1.0.7", VG_HOST_IPV4}, /* the address it is */
        {"[::ffff:a01:7]", "10.1.0.7", VG_HOST_IPV4},
        {"", NULL, VG_HOST_NAME},
        {".", NULL, VG_HOST_NAME},
        {"a..b", NULL, VG_HOST_NAME},
        {".a", NULL, VG_HOST_NAME},
        {"a b", NULL, VG_HOST_NAME},
        {"a/b", NULL, VG_HOST_NAME},
        {"-a", NULL, VG_HOST_NAME},
        {"caf\xc3\xa9.fr", NULL, VG_HOST_NAME},
        {"2130706433", NULL, VG_HOST_NAME}, /* 127.0.0.1 to a resolver */
        {"127.1", NULL, VG_HOST_NAME},
        {"0x7f.1", NULL, VG_HOST_NAME},
        {"a.0x7f", NULL, VG_HOST_NAME},
        {"010.0.0.1", NULL, VG_HOST_NAME},
        {"10.1.0.7.", NULL, VG_HOST_NAME},
        {"10.1.0.256", NULL, VG_HOST_NAME},
        {"fe80::1%eth0", NULL, VG_HOST_NAME},
        {"[10.1.0.7]", NULL, VG_HOST_NAME},
        {"[::1", NULL, VG_HOST_NAME},
        {"[]", NULL, VG_HOST_NAME},
        {"a12345678901234567890123456789012345678901234567890123456789012", /* 63 */
         "a12345678901234567890123456789012345678901234567890123456789012", VG_HOST_NAME},
        {"a123456789012345678901234567890123456789012345678901234567890123", NULL, VG_HOST_NAME},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_host host;
        const enum vg_status status = vg_host_read(rows[i].text, strlen(rows[i].text), &host);
        if (status != (rows[i].want ? VG_OK : VG_E_INPUT))
            fail_msg("%s: %s", rows[i].text, vg_status_name(status));
        assert_string_equal(host.text, rows[i].want ? rows[i].want : "");
        assert_int_equal(host.kind, rows[i].kind);
    }
}

static void long_names_end_somewhere(void **state)
{
    (void)state;
    char text[300];
    struct vg_host host;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 ? '.' : 'a';
    assert_int_equal(vg_host_read(text, 253, &host), VG_OK);
    assert_int_equal(vg_host_read(text, 255, &host), VG_E_INPUT);
    assert_int_equal(vg_host_read(text, sizeof text, &host), VG_E_INPUT);
    assert_int_equal(vg_host_read("a\0b", 3, &host), VG_E_INPUT);
}

static void kinds_of_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool loopback, multicast;
    } rows[] = {
        {"127.0.0.1", true, false},     {"127.9.9.9", true, false},
        {"::1", true, false},           {"localhost", true, false},
        {"LOCALHOST.", true, false},    {"::ffff:127.0.0.1", true, false},
        {"128.0.0.1", false, false},    {"0.0.0.0", false, false},
        {"localhost.fr", false, false}, {"224.0.0.1", false, true},
        {"239.255.0.1", false, true},   {"240.0.0.1", false, false},
        {"ff02::1", false, true},       {"fe80::1", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_host host;
        assert_int_equal(vg_host_read(rows[i].text, strlen(rows[i].text), &host), VG_OK);
        if (vg_host_is_loopback(&host) != rows[i].loopback ||
            vg_host_is_multicast(&host) != rows[i].multicast)
            fail_msg("%s", rows[i].text);
    }
}

static enum vg_status read_list(const char *text, struct vg_host_list *list, struct vg_fault *fault)
{
    json_t *array = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(array);
    const enum vg_status status = vg_host_list_read(array, list, fault);
    json_decref(array);
    return status;
}

static void lists_hold_hosts(void **state)
{
    (void)state;
    static const char text[] =
        "[{\"host\":\"VMS.example.org\",\"ports\":[554,322]},{\"host\":\"10.1.0.0/24\"},"
        "{\"host\":\"10.2.128.0/17\",\"ports\":[554]},{\"host\":\"2001:db8::/33\"},"
        "{\"host\":\"192.0.2.7\"},{\"host\":\"239.1.0.0/16\"}]";
    static const struct {
        const char *host;
        uint16_t port;
        bool has;
    } rows[] = {
        {"vms.example.org", 554, true},
        {"Vms.Example.Org.", 322, true},
        {"vms.example.org", 8554, false},
        {"a.vms.example.org", 554, false},
        {"example.org", 554, false},
        {"10.1.0.0", 1, true},
        {"10.1.0.255", 65535, true},
        {"::ffff:10.1.0.9", 554, true},
        {"10.1.1.0", 554, false},
        {"10.0.255.255", 554, false},
        {"10.2.127.255", 554, false},
        {"10.2.128.0", 554, true},
        {"10.2.255.255", 554, true},
        {"10.2.255.255", 555, false},
        {"2001:db8:7fff::1", 554, true},
        {"2001:db8:8000::1", 554, false},
        {"[2001:db8::1]", 554, true},
        {"192.0.2.7", 554, true},
        {"192.0.2.6", 554, false},
        {"239.1.2.3", 5004, true},
        {"239.2.0.0", 5004, false},
        {"10.1.0.7@evil.org", 554, false},
        {"", 554, false},
        {"vms.example.org", 0, true}, /* whatever the port */
        {"10.2.128.0", 0, true},
        {"10.2.127.255", 0, false},
        {"", 0, false},
    };
    struct vg_host_list *list = calloc(1, sizeof *list);
    struct vg_fault fault = {0};
    assert_int_equal(read_list(text, list, &fault), VG_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (vg_host_list_may_visit(list, rows[i].host, rows[i].port) != rows[i].has)
            fail_msg("%s:%u", rows[i].host, rows[i].port);
    /* what is written is read again as the same */
    json_t *array = vg_host_list_json(list);
    struct vg_host_list *again = calloc(1, sizeof *again);
    assert_int_equal(vg_host_list_read(array, again, &fault), VG_OK);
    assert_memory_equal(list, again, sizeof *list);
    assert_string_equal(json_string_value(json_object_get(json_array_get(array, 1), "host")),
                        "10.1.0.0/24");
    json_decref(array);
    free(again);
    free(list);
}

static void nothing_is_in_no_list(void **state)
{
    (void)state;
    struct vg_host_list *list = calloc(1, sizeof *list);
    assert_int_equal(vg_host_list_read(NULL, list, NULL), VG_OK);
    assert_false(vg_host_list_may_visit(list, "127.0.0.1", 554));
    free(list);
}

static void bad_lists_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place;
    } rows[] = {
        {"{}", ""},
        {"[\"vms\"]", "/0"},
        {"[{}]", "/0/host"},
        {"[{\"host\":7}]", "/0/host"},
        {"[{\"host\":\"a\",\"port\":554}]", "/0"},
        {"[{\"host\":\"a\"},{\"host\":\"a b\"}]", "/1/host"},
        {"[{\"host\":\"10.1.0.7/24\"}]", "/0/host"}, /* says two things */
        {"[{\"host\":\"0.0.0.0/0\"}]", "/0/host"},   /* all the world */
        {"[{\"host\":\"::/0\"}]", "/0/host"},
        {"[{\"host\":\"10.0.0.0/33\"}]", "/0/host"},
        {"[{\"host\":\"10.0.0.0/8888\"}]", "/0/host"},
        {"[{\"host\":\"10.0.0.0/\"}]", "/0/host"},
        {"[{\"host\":\"10.0.0.0/8x\"}]", "/0/host"},
        {"[{\"host\":\"vms/8\"}]", "/0/host"},
        {"[{\"host\":\"a\",\"ports\":554}]", "/0/ports"},
        {"[{\"host\":\"a\",\"ports\":[0]}]", "/0/ports"},
        {"[{\"host\":\"a\",\"ports\":[65536]}]", "/0/ports"},
        {"[{\"host\":\"a\",\"ports\":[\"554\"]}]", "/0/ports"},
        {"[{\"host\":\"a\",\"ports\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}]", "/0/ports"},
    };
    struct vg_host_list *list = calloc(1, sizeof *list);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_fault fault = {0};
        if (read_list(rows[i].text, list, &fault) != VG_E_INPUT ||
            strcmp(fault.place, rows[i].place) != 0)
            fail_msg("%s: %s", rows[i].text, fault.place);
        assert_int_equal(list->count, 0);
    }
    json_t *many = json_array();
    for (int i = 0; i <= VG_HOST_LIST_MAX; i++)
        (void)json_array_append_new(many, json_pack("{s:s}", "host", "a"));
    assert_int_equal(vg_host_list_read(many, list, NULL), VG_E_INPUT);
    json_decref(many);
    free(list);
}

static void lists_grow(void **state)
{
    (void)state;
    struct vg_host_list *list = calloc(1, sizeof *list);
    struct vg_host host;
    char text[32];
    assert_int_equal(vg_host_read("vms", 3, &host), VG_OK);
    for (uint16_t port = 1; port <= VG_HOST_PORTS_MAX; port++) {
        assert_int_equal(vg_host_list_add(list, &host, port), VG_OK);
        assert_int_equal(vg_host_list_add(list, &host, port), VG_OK); /* it is there */
    }
    assert_int_equal(list->count, 1);
    assert_int_equal(list->rule[0].port_count, VG_HOST_PORTS_MAX);
    assert_false(vg_host_list_has(list, &host, 9999));
    assert_int_equal(vg_host_list_add(list, &host, 9999), VG_OK); /* one more: all of them */
    assert_true(vg_host_list_has(list, &host, 554));
    for (unsigned i = 1; i < VG_HOST_LIST_MAX; i++) {
        (void)snprintf(text, sizeof text, "10.0.%u.%u", i / 256, i % 256);
        assert_int_equal(vg_host_read(text, strlen(text), &host), VG_OK);
        assert_int_equal(vg_host_list_add(list, &host, 554), VG_OK);
    }
    assert_int_equal(vg_host_read("more", 4, &host), VG_OK);
    assert_int_equal(vg_host_list_add(list, &host, 554), VG_E_FULL);
    /* port 0: every port, of a row that is there or a new one */
    for (uint16_t ports = 0; ports < 2; ports++) {
        *list = (struct vg_host_list){0};
        if (ports)
            assert_int_equal(vg_host_list_add(list, &host, 554), VG_OK);
        assert_int_equal(vg_host_list_add(list, &host, 0), VG_OK);
        assert_int_equal(list->count, 1);
        assert_int_equal(list->rule[0].port_count, 0);
        assert_true(vg_host_list_has(list, &host, 9999));
    }
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_read),
        cmocka_unit_test(long_names_end_somewhere),
        cmocka_unit_test(kinds_of_addresses),
        cmocka_unit_test(lists_hold_hosts),
        cmocka_unit_test(nothing_is_in_no_list),
        cmocka_unit_test(bad_lists_are_refused),
        cmocka_unit_test(lists_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
