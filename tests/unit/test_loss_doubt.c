/* Packets with and without losses, and which of their pictures are doubted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "src/media/loss_doubt.h"

/* packets: K key, p other, k and x the same damaged. doubted: what is said of each when all were
 * given: x doubted, . not. */
static void rows(void **state)
{
    (void)state;
    static const struct {
        const char *name, *packets, *doubted;
    } row[] = {
        {"none", "KpppKpp", "......."},
        {"to the next key", "KpxppKpp", "..xxx..."},
        {"to no key", "Kpxpp", "..xxx"},
        {"a damaged key does not heal", "KpxpkpKp", "..xxxx.."},
        {"a second loss keeps the first", "KpxpxpKp", "..xxxx.."},
        {"nor does a key between heal what came before", "KxpKpxpp", ".xx..xxx"},
        {"key and loss at once", "KpkpKp", "..xx.."},
        {"every picture a key", "KkKkKK", ".x.x.."},
    };
    for (size_t r = 0; r < sizeof row / sizeof *row; r++) {
        struct vg_loss_doubt doubt = {.packets = 0};
        const size_t count = strlen(row[r].packets);
        print_message("%s\n", row[r].name);
        for (size_t i = 0; i < count; i++) {
            const char packet = row[r].packets[i];
            vg_loss_doubt_packet(&doubt, (int64_t)i + 1,
                                 packet == 'K'   ? VG_LOSS_KEY
                                 : packet == 'p' ? VG_LOSS_NONE
                                                 : VG_LOSS_DAMAGED);
        }
        for (size_t i = 0; i < count; i++)
            assert_int_equal(vg_loss_doubt_has(&doubt, (int64_t)i + 1), row[r].doubted[i] == 'x');
    }
}

static void a_stream_without_keys_is_believed_again(void **state)
{
    (void)state;
    struct vg_loss_doubt doubt = {.packets = 0};
    int64_t number = 1;
    vg_loss_doubt_packet(&doubt, number, VG_LOSS_DAMAGED);
    for (uint32_t i = 0; i < VG_LOSS_DOUBT_PACKETS; i++)
        vg_loss_doubt_packet(&doubt, ++number, VG_LOSS_NONE);
    assert_true(vg_loss_doubt_has(&doubt, number));
    vg_loss_doubt_packet(&doubt, ++number, VG_LOSS_NONE);
    assert_false(vg_loss_doubt_has(&doubt, number));
    assert_true(vg_loss_doubt_has(&doubt, number - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(a_stream_without_keys_is_believed_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
