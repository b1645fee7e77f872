/* The configuration message as ingest reads it: the site's part once, each flux's own, what older
 * supervisors do not send, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "src/media/ingest_config.h"

static enum vg_status read_text(const char *text, struct vg_ingest_config **config,
                                struct vg_fault *fault)
{
    json_t *message = json_loads(text, JSON_ALLOW_NUL, NULL);
    assert_non_null(message);
    const enum vg_status status = vg_ingest_config_read(message, 4, config, fault);
    json_decref(message);
    return status;
}

static void all_of_it_is_read(void **state)
{
    (void)state;
    struct vg_ingest_config *config = NULL;
    struct vg_fault fault = {0};
    static const char text[] =
        "{\"type\":\"config\",\"version\":9,\"site\":{\"sources\":[{\"host\":\"10.0.0.0/24\"}],"
        "\"encryption_required\":true,\"interface\":\"eth1\",\"client_ports\":[50000,50399],"
        "\"ca_pem\":\"CA\",\"client_certificate_pem\":\"CERT\",\"client_key_pem\":\"KEY\","
        "\"stagger_ms\":20,\"decode\":{\"devices\":[\"/dev/dri/renderD128\"],\"cores\":2},"
        "\"listen\":[{\"host\":\"192.0.2.1\"}],\"later\":{}},"
        "\"flux\":[{\"index\":2,\"id\":\"cam\",\"url\":\"rtsps://10.0.0.2/sub\",\"evidence_url\":"
        "\"rtsps://10.0.0.2/main\",\"user\":\"u\",\"password\":\"p\",\"transport\":\"multicast\","
        "\"tls_name\":\"vms\",\"ca_pem\":\"OWN\",\"interface\":\"eth2\",\"active\":true,"
        "\"refused\":null,\"source\":12,\"later\":1}]}";
    assert_int_equal(read_text(text, &config, &fault), VG_OK);
    const struct vg_site_settings *site = &config->site.settings;
    assert_true(vg_host_list_may_visit(&site->sources, "10.0.0.9", 554));
    assert_false(vg_host_list_may_visit(&site->sources, "10.0.1.9", 554));
    assert_true(vg_host_list_may_visit(&site->listen, "192.0.2.1", 8554));
    assert_true(site->encryption_required);
    assert_string_equal(site->interface, "eth1");
    assert_int_equal(site->port_first, 50000);
    assert_int_equal(site->port_last, 50399);
    assert_string_equal(site->ca_pem, "CA");
    assert_string_equal(site->certificate_pem, "CERT");
    assert_string_equal(config->site.key_pem, "KEY");
    assert_int_equal(site->stagger_ms, 20);
    assert_true(site->decode_cores > 1.9 && site->decode_cores < 2.1);
    assert_int_equal(site->decode_device_count, 1);
    const struct vg_ingest_flux_config *flux = &config->flux[2];
    assert_true(flux->present && flux->active);
    assert_string_equal(flux->evidence_url, "rtsps://10.0.0.2/main");
    assert_int_equal(flux->source, 12);
    assert_int_equal(flux->transport, VG_TRANSPORT_MULTICAST);
    assert_string_equal(flux->tls_name, "vms");
    assert_string_equal(flux->ca_pem, "OWN");
    assert_string_equal(flux->interface, "eth2");
    assert_string_equal(flux->password, "p");
    vg_ingest_config_free(&config);
    assert_null(config);
}

static void what_is_not_sent_has_its_default(void **state)
{
    (void)state;
    struct vg_ingest_config *config = NULL;
    struct vg_fault fault = {0};
    assert_int_equal(
        read_text("{\"flux\":[{\"index\":0,\"id\":\"a\",\"url\":\"/a\"}]}", &config, &fault),
        VG_OK);
    assert_int_equal(config->site.settings.sources.count, 0); /* no host is admitted */
    assert_int_equal(config->site.settings.stagger_ms, 50);
    assert_string_equal(config->site.key_pem, "");
    assert_int_equal(config->flux[0].transport, VG_TRANSPORT_AUTO);
    assert_string_equal(config->flux[0].interface, "");
    assert_false(config->flux[0].active);
    vg_ingest_config_free(&config);
}

/* Even if the message says both. */
static void a_refused_flux_is_not_active(void **state)
{
    (void)state;
    struct vg_ingest_config *config = NULL;
    struct vg_fault fault = {0};
    static const char text[] =
        "{\"flux\":[{\"index\":0,\"id\":\"a\",\"url\":\"/a\",\"active\":true,"
        "\"refused\":\"host_not_declared\"}]}";
    assert_int_equal(read_text(text, &config, &fault), VG_OK);
    assert_false(config->flux[0].active);
    assert_string_equal(config->flux[0].refused, "host_not_declared");
    vg_ingest_config_free(&config);
}

/* Which of the processes it is; what cannot be is taken for the only one. */
static void it_knows_its_place_among_others(void **state)
{
    static const struct {
        const char *text;
        uint32_t process, processes;
    } rows[] = {{"\"process\":2,\"processes\":3", 2, 3},
                {"\"process\":0,\"processes\":1", 0, 1},
                {"\"later\":1", 0, 1},
                {"\"process\":1", 0, 1},
                {"\"process\":3,\"processes\":3", 0, 1},
                {"\"process\":-1,\"processes\":3", 0, 1},
                {"\"process\":1,\"processes\":99999999999", 0, 1},
                {"\"process\":\"1\",\"processes\":[2]", 0, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        struct vg_ingest_config *config = NULL;
        struct vg_fault fault = {0};
        (void)snprintf(text, sizeof text, "{%s,\"flux\":[]}", rows[i].text);
        assert_int_equal(read_text(text, &config, &fault), VG_OK);
        assert_int_equal(config->site.process, rows[i].process);
        assert_int_equal(config->site.processes, rows[i].processes);
        vg_ingest_config_free(&config);
    }
}

static void others_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place;
    } rows[] = {
        {"{\"flux\":{}}", "/flux/0/"},
        {"{\"flux\":[{\"index\":4,\"id\":\"a\",\"url\":\"/a\"}]}", "/flux/0/index"},
        {"{\"flux\":[{\"index\":0,\"id\":\"\",\"url\":\"/a\"}]}", "/flux/0/id"},
        {"{\"flux\":[{\"index\":0,\"id\":\"a\",\"url\":\"/a\",\"evidence_url\":7}]}",
         "/flux/0/evidence_url"},
        {"{\"flux\":[{\"index\":0,\"id\":\"a\",\"url\":\"/a\",\"tls_name\":\"a\\u0000\"}]}",
         "/flux/0/tls_name"},
        {"{\"site\":[],\"flux\":[]}", "/site"},
        {"{\"site\":{\"sources\":[{\"host\":\"a b\"}]},\"flux\":[]}", "/site/sources/0/host"},
        {"{\"site\":{\"client_key_pem\":7},\"flux\":[]}", "/site/client_key_pem"},
        {"{\"site\":{\"client_ports\":[1,2]},\"flux\":[]}", "/site/client_ports"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_ingest_config *config = NULL;
        struct vg_fault fault = {0};
        if (read_text(rows[i].text, &config, &fault) != VG_E_INPUT ||
            strcmp(fault.place, rows[i].place) != 0)
            fail_msg("%s: %s", rows[i].text, fault.place);
        assert_null(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_is_read),
        cmocka_unit_test(what_is_not_sent_has_its_default),
        cmocka_unit_test(a_refused_flux_is_not_active),
        cmocka_unit_test(it_knows_its_place_among_others),
        cmocka_unit_test(others_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
