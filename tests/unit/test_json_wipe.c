/* What jansson lets go of is wiped: over whole documents, its parser's buffers and its texts with
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>
#include <malloc.h>
#include <string.h>

#include "src/base/json_wipe.h"

static json_free_t wiping; /* what the product gives jansson */
static size_t freed, held;

/* Looks at what the product's function leaves, by wiping a copy that nobody frees. */
static void look_and_free(void *allocation)
{
    const size_t size = malloc_usable_size(allocation);
    held = allocation ? held - 1 : held;
    freed++;
    vg_json_wipe(allocation);
    const uint8_t *bytes = allocation;
    for (size_t i = 0; i < size; i++)
        assert_int_equal(bytes[i], 0);
    free(allocation);
}

static void *count_and_take(size_t size)
{
    held++;
    return malloc(size);
}

static void the_product_wipes(void **state)
{
    json_malloc_t take = NULL;
    (void)state;
    vg_json_wipe_all();
    json_get_alloc_funcs(&take, &wiping);
    assert_true(take == malloc);
    assert_true(wiping != free);
    wiping(NULL);
    wiping(malloc(100));
}

static void every_allocation_is_wiped(void **state)
{
    static const char text[] =
        "{\"flux\":[{\"id\":\"a\",\"password\":\"not to be found again, long enough for a buffer "
        "to grow once more\",\"keys\":{\"k\":[1,2.5,true,null,\"\\u00e9t\\u00e9\"]}}]}";
    (void)state;
    json_set_alloc_funcs(count_and_take, look_and_free);
    freed = held = 0;
    for (int i = 0; i < 3; i++) {
        json_t *document = json_loadb(text, i == 2 ? 40 : sizeof text - 1, 0, NULL); /* 2: cut */
        assert_true((document != NULL) == (i < 2));
        char *dumped = document ? json_dumps(document, JSON_COMPACT) : NULL;
        if (dumped)
            look_and_free(dumped);
        json_decref(document);
        assert_int_equal(held, 0);
    }
    assert_true(freed > 40);
    vg_json_wipe_all();
}

static void any_size_is_wiped_whole(void **state)
{
    (void)state;
    for (size_t size = 1; size < 300000; size = size * 5 / 3 + 1) {
        uint8_t *bytes = malloc(size);
        assert_non_null(bytes);
        memset(bytes, 0xa5, size);
        vg_json_wipe(bytes);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(bytes[i], 0);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_product_wipes),
                                       cmocka_unit_test(every_allocation_is_wiped),
                                       cmocka_unit_test(any_size_is_wiped_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
