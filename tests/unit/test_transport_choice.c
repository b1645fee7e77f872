/* By what a flux is opened next: rows of what became of its sessions, and the transports then tried. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/media/transport_choice.h"

/* What becomes of a session by the transport that is tried: p: pictures come; s: silence; x: it is not
 * even opened. Tried: t TCP (and what AUTO begins with), u UDP. */
static const struct {
    const char *name, *fates, *tried;
} rows[] = {
    {"never a picture: by turns", "sssss", "tutut"},
    {"it works at once", "pppp", "tttt"},
    {"it works by UDP, and is remembered", "spxxp", "tuuuu"},
    {"silent for a while: the same", "pss", "ttt"},
    {"silent for longer: the other now and then", "psssssssss", "ttttutttut"},
    {"the other it is from now on", "pssspss", "ttttuuu"},
    {"not reached: nothing is learnt", "pxxxxsx", "ttttttt"},
    {"pictures between silences", "psspsssp", "tttttttu"},
};

static void rows_hold(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_transport_choice choice = {.silent = 0};
        for (size_t i = 0; rows[r].fates[i]; i++) {
            const enum vg_transport tried =
                choice.next == VG_TRANSPORT_AUTO ? VG_TRANSPORT_TCP : choice.next;
            if ((tried == VG_TRANSPORT_UDP) != (rows[r].tried[i] == 'u'))
                fail_msg("%s: session %u", rows[r].name, (unsigned)i);
            if (rows[r].fates[i] == 'p')
                vg_transport_choice_proven(&choice, tried);
            else if (rows[r].fates[i] == 's')
                vg_transport_choice_silent(&choice, tried);
        }
    }
}

static void others_are_not_chosen_between(void **state)
{
    struct vg_transport_choice choice = {.silent = 0};
    (void)state;
    vg_transport_choice_proven(&choice, VG_TRANSPORT_MULTICAST);
    vg_transport_choice_silent(&choice, VG_TRANSPORT_MULTICAST);
    vg_transport_choice_silent(&choice, VG_TRANSPORT_AUTO);
    assert_int_equal(choice.next, VG_TRANSPORT_AUTO);
    assert_int_equal(choice.proven, VG_TRANSPORT_AUTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_hold),
                                       cmocka_unit_test(others_are_not_chosen_between)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
