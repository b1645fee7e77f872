/* Accounts: names, roles, passwords. Hashing is made cheap here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/base/alloc.h"
#include "src/store/accounts.h"
#include "tests/store_fixture.h"

static const struct vg_argon_cost cheap = {.passes = 1, .memory_kib = 64, .lanes = 1};
static const struct vg_wall_time noon = {INT64_C(1785000000000000)};

static void test_create_and_verify(void **state)
{
    struct store_fixture *f = *state;
    struct vg_account account;
    assert_int_equal(vg_account_create(f->database, "marie", VG_ROLE_TECHNICAL, "un-mot-de-passe",
                                       cheap, noon, &f->fault),
                     VG_OK);
    assert_int_equal(vg_account_create(f->database, "marie", VG_ROLE_OPERATOR, "un-mot-de-passe",
                                       cheap, noon, &f->fault),
                     VG_E_EXISTS);
    assert_int_equal(
        vg_account_verify(f->database, "marie", "un-mot-de-passe", &account, &f->fault), VG_OK);
    assert_string_equal(account.name, "marie");
    assert_int_equal(account.role, VG_ROLE_TECHNICAL);
    assert_int_equal(account.created.us, noon.us);
    assert_int_equal(account.generation, 1);

    static const struct {
        const char *name, *password;
    } wrong[] = {
        {"marie", "un-mot-de-passf"}, {"marie", ""}, {"Marie", "un-mot-de-passe"},
        {"paul", "un-mot-de-passe"},  {"", ""},      {"marie'--", "un-mot-de-passe"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(
            vg_account_verify(f->database, wrong[i].name, wrong[i].password, &account, &f->fault),
            VG_E_DENIED);
        assert_string_equal(f->fault.place, "/session"); /* the same for all: no name is told */
    }
}

static void test_set_password(void **state)
{
    struct store_fixture *f = *state;
    struct vg_account account;
    assert_int_equal(vg_account_create(f->database, "marie", VG_ROLE_OPERATOR, "premier-secret",
                                       cheap, noon, &f->fault),
                     VG_OK);
    assert_int_equal(vg_account_set_password(f->database, "marie", "second-secret", cheap,
                                             (struct vg_wall_time){noon.us + 1}, &f->fault),
                     VG_OK);
    assert_int_equal(vg_account_verify(f->database, "marie", "premier-secret", &account, &f->fault),
                     VG_E_DENIED);
    assert_int_equal(vg_account_verify(f->database, "marie", "second-secret", &account, &f->fault),
                     VG_OK);
    assert_int_equal(account.generation, 2);
    assert_int_equal(account.changed.us, noon.us + 1);
    assert_int_equal(
        vg_account_set_password(f->database, "paul", "second-secret", cheap, noon, &f->fault),
        VG_E_MISSING);
}

static void test_refused(void **state)
{
    struct store_fixture *f = *state;
    char long_password[VG_ACCOUNT_PASSWORD_MAX + 2];
    memset(long_password, 'x', sizeof long_password - 1);
    long_password[sizeof long_password - 1] = '\0';
    const struct {
        const char *name, *password, *place;
    } rows[] = {
        {"", "un-mot-de-passe", "/name"},
        {"a b", "un-mot-de-passe", "/name"},
        {"a\nb", "un-mot-de-passe", "/name"},
        {"é", "un-mot-de-passe", "/name"},
        {"0123456789012345678901234567890123456789012345678901234567890123", "un-mot-de-passe",
         "/name"},
        {"ok", "court", "/password"},
        {"ok", "", "/password"},
        {"ok", long_password, "/password"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(vg_account_create(f->database, rows[i].name, VG_ROLE_OPERATOR,
                                           rows[i].password, cheap, noon, &f->fault),
                         VG_E_INPUT);
        assert_string_equal(f->fault.place, rows[i].place);
    }
}

static void test_list_and_delete(void **state)
{
    struct store_fixture *f = *state;
    struct vg_account *list = NULL;
    size_t count = 0;
    static const char *const names[] = {"zoe", "adam"};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(vg_account_create(f->database, names[i], VG_ROLE_AUDITOR,
                                           "un-mot-de-passe", cheap, noon, &f->fault),
                         VG_OK);
    assert_int_equal(vg_account_list(f->database, &list, &count, &f->fault), VG_OK);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].name, "adam");
    vg_free(list);
    assert_int_equal(vg_account_delete(f->database, "adam", &f->fault), VG_OK);
    assert_int_equal(vg_account_delete(f->database, "adam", &f->fault), VG_E_MISSING);
    struct vg_account account;
    assert_int_equal(vg_account_get(f->database, "adam", &account, &f->fault), VG_E_MISSING);
    assert_int_equal(vg_account_get(f->database, "zoe", &account, &f->fault), VG_OK);
    assert_int_equal(account.role, VG_ROLE_AUDITOR);
}

static void test_roles(void **state)
{
    (void)state;
    for (int i = 0; i < VG_ROLE_COUNT; i++) {
        enum vg_role role = VG_ROLE_COUNT;
        assert_int_equal(vg_role_parse(vg_role_name((enum vg_role)i), &role), 0);
        assert_int_equal(role, i);
        assert_true(vg_role_label((enum vg_role)i)[0] != '\0');
    }
    enum vg_role role;
    assert_int_equal(vg_role_parse("root", &role), -1);
    const struct vg_argon_cost cost = vg_argon_defaults();
    assert_int_equal(cost.passes, 2);
    assert_int_equal(cost.memory_kib, 65536);
    assert_int_equal(cost.lanes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create_and_verify, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_set_password, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_refused, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_list_and_delete, store_set_up, store_tear_down),
        cmocka_unit_test(test_roles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
