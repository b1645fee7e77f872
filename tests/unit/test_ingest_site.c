/* The site's settings as threads share them.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "src/base/alloc.h"
#include "src/media/ingest_site.h"

static struct vg_ingest_site_settings *settings_of(uint32_t stagger_ms)
{
    struct vg_ingest_site_settings *settings = vg_alloc(sizeof *settings);
    assert_non_null(settings);
    vg_site_settings_init(&settings->settings);
    settings->settings.stagger_ms = stagger_ms;
    memcpy(settings->key_pem, "KEY", sizeof "KEY");
    return settings;
}

static void it_says_what_it_was_given(void **state)
{
    (void)state;
    struct vg_ingest_site_settings *one = settings_of(20), *other = settings_of(30);
    struct vg_ingest_site *site = NULL;
    assert_int_equal(vg_ingest_site_open(&site, one), VG_OK);
    assert_true(vg_ingest_site_says(site, one));
    assert_false(vg_ingest_site_says(site, other));
    other->settings.stagger_ms = 20;
    assert_true(vg_ingest_site_says(site, other));
    other->key_pem[1]++;
    assert_false(vg_ingest_site_says(site, other));
    one->settings.stagger_ms = 99; /* it has a copy */
    assert_int_equal(vg_ingest_site_settings(site)->settings.stagger_ms, 20);
    vg_ingest_site_unref(&site);
    assert_null(site);
    vg_free(one);
    vg_free(other);
}

static void it_lives_as_long_as_one_has_it(void **state)
{
    (void)state;
    struct vg_ingest_site_settings *settings = settings_of(20);
    struct vg_ingest_site *site = NULL, *nothing = NULL;
    assert_int_equal(vg_ingest_site_open(&site, settings), VG_OK);
    struct vg_ingest_site *second = vg_ingest_site_ref(site);
    assert_ptr_equal(second, site);
    vg_ingest_site_unref(&site);
    assert_string_equal(vg_ingest_site_settings(second)->key_pem, "KEY");
    vg_ingest_site_unref(&second);
    assert_null(vg_ingest_site_ref(NULL));
    vg_ingest_site_unref(&nothing);
    vg_free(settings);
}

static void *use(void *arg)
{
    struct vg_ingest_site *site = arg; /* its own reference */
    for (int i = 0; i < 2000; i++) {
        struct vg_ingest_site *again = vg_ingest_site_ref(site);
        if (vg_ingest_site_settings(again)->key_pem[0] != 'K')
            return arg;
        vg_ingest_site_unref(&again);
    }
    vg_ingest_site_unref(&site);
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    enum {
        THREADS = 4
    };
    struct vg_ingest_site_settings *settings = settings_of(20);
    struct vg_ingest_site *site = NULL;
    pthread_t thread[THREADS];
    assert_int_equal(vg_ingest_site_open(&site, settings), VG_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, use, vg_ingest_site_ref(site)), 0);
    vg_ingest_site_unref(&site);
    for (int i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        (void)pthread_join(thread[i], &wrong);
        assert_null(wrong);
    }
    vg_free(settings);
}

static void memory_may_fail(void **state)
{
    (void)state;
    struct vg_ingest_site_settings *settings = settings_of(20);
    struct vg_ingest_site *site = NULL;
    vg_alloc_fail_at(1);
    assert_int_equal(vg_ingest_site_open(&site, settings), VG_E_MEMORY);
    vg_alloc_fail_at(0);
    assert_null(site);
    vg_free(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_it_was_given),
        cmocka_unit_test(it_lives_as_long_as_one_has_it),
        cmocka_unit_test(threads_share_it),
        cmocka_unit_test(memory_may_fail),
    };
    return cmocka_run_group_tests_name("ingest_site", tests, NULL, NULL);
}
