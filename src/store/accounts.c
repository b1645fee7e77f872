/* Accounts in SQLite, passwords by argon2id in its encoded form, which carries its own cost: a
 * change of cost leaves older accounts valid. */
#include "src/store/accounts.h"

#include <argon2.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/store/secret.h"
#include "src/store/sql.h"

#define SALT_BYTES   16
#define HASH_BYTES   32
#define ENCODED_SIZE 160
#define ACCOUNTS_MAX 1024

static const struct {
    const char *name, *label;
} roles[VG_ROLE_COUNT] = {
    [VG_ROLE_OPERATOR] = {"operator", N_("Operator")},
    [VG_ROLE_ADVANCED] = {"advanced", N_("Advanced operator")},
    [VG_ROLE_TECHNICAL] = {"technical", N_("Technical administrator")},
    [VG_ROLE_AUDITOR] = {"auditor", N_("Auditor")},
};

const char *vg_role_name(enum vg_role role)
{
    return roles[role].name;
}

const char *vg_role_label(enum vg_role role)
{
    return roles[role].label;
}

int vg_role_parse(const char *name, enum vg_role *role)
{
    for (int i = 0; i < VG_ROLE_COUNT; i++)
        if (strcmp(roles[i].name, name) == 0) {
            *role = (enum vg_role)i;
            return 0;
        }
    return -1;
}

struct vg_argon_cost vg_argon_defaults(void)
{
    return (struct vg_argon_cost){.passes = 2, .memory_kib = 64u << 10, .lanes = 1};
}

bool vg_account_name_valid(const char *name)
{
    const size_t n = strlen(name);
    return n > 0 && n < VG_ACCOUNT_NAME_SIZE &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.@") == n;
}

static enum vg_status check_password(const char *password, struct vg_fault *fault)
{
    const size_t n = strlen(password);
    if (n < VG_ACCOUNT_PASSWORD_MIN)
        return vg_fault_set(fault, VG_E_INPUT, N_("the password is too short"),
                            N_("use at least 12 characters"), "/password");
    if (n > VG_ACCOUNT_PASSWORD_MAX)
        return vg_fault_set(fault, VG_E_INPUT, N_("the password is too long"), NULL, "/password");
    return VG_OK;
}

static enum vg_status hash_password(const char *password, struct vg_argon_cost cost,
                                    char encoded[ENCODED_SIZE], struct vg_fault *fault)
{
    uint8_t salt[SALT_BYTES];
    vg_random_bytes(salt, sizeof salt);
    const int code =
        argon2id_hash_encoded(cost.passes, cost.memory_kib, cost.lanes, password, strlen(password),
                              salt, sizeof salt, HASH_BYTES, encoded, ENCODED_SIZE);
    if (code == ARGON2_OK)
        return VG_OK;
    return vg_fault_set(fault, code == ARGON2_MEMORY_ALLOCATION_ERROR ? VG_E_MEMORY : VG_E_CALL,
                        N_("the password could not be hashed"), NULL, "argon2id: %s",
                        argon2_error_message(code));
}

enum vg_status vg_account_create(struct vg_database *database, const char *name, enum vg_role role,
                                 const char *password, struct vg_argon_cost cost,
                                 struct vg_wall_time now, struct vg_fault *fault)
{
    char encoded[ENCODED_SIZE];
    struct vg_sql query = {.statement = NULL};
    if (!vg_account_name_valid(name))
        return vg_fault_set(fault, VG_E_INPUT, N_("an account cannot have this name"),
                            N_("use 1 to 63 letters, digits, '-', '_', '.' or '@'"), "/name");
    enum vg_status status = check_password(password, fault);
    if (status == VG_OK)
        status = hash_password(password, cost, encoded, fault);
    if (status == VG_OK)
        status = vg_sql_begin(&query, database,
                              "INSERT OR IGNORE INTO account VALUES(?1, ?2, ?3, ?4, ?4, 1)", fault);
    if (status != VG_OK)
        goto done;
    vg_sql_bind_text(&query, 1, name);
    vg_sql_bind_text(&query, 2, vg_role_name(role));
    vg_sql_bind_text(&query, 3, encoded);
    vg_sql_bind_int(&query, 4, now.us);
    status = vg_sql_run(&query);
    if (status == VG_OK && vg_sql_changes(database) == 0)
        status = vg_fault_set(fault, VG_E_EXISTS, N_("this account exists already"),
                              N_("choose another name"), "%s", name);
done:
    vg_sql_end(&query);
    vg_secret_wipe(encoded, sizeof encoded);
    return status;
}

static enum vg_status no_account(const char *name, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_MISSING, N_("there is no such account"),
                        N_("list the accounts to see their names"), "%.63s", name);
}

enum vg_status vg_account_set_password(struct vg_database *database, const char *name,
                                       const char *password, struct vg_argon_cost cost,
                                       struct vg_wall_time now, struct vg_fault *fault)
{
    char encoded[ENCODED_SIZE];
    struct vg_sql query = {.statement = NULL};
    enum vg_status status = check_password(password, fault);
    if (status == VG_OK)
        status = hash_password(password, cost, encoded, fault);
    if (status == VG_OK)
        status = vg_sql_begin(&query, database,
                              "UPDATE account SET hash = ?2, changed_us = ?3,"
                              " generation = generation + 1 WHERE name = ?1",
                              fault);
    if (status != VG_OK)
        goto done;
    vg_sql_bind_text(&query, 1, name);
    vg_sql_bind_text(&query, 2, encoded);
    vg_sql_bind_int(&query, 3, now.us);
    status = vg_sql_run(&query);
    if (status == VG_OK && vg_sql_changes(database) == 0)
        status = no_account(name, fault);
done:
    vg_sql_end(&query);
    vg_secret_wipe(encoded, sizeof encoded);
    return status;
}

#define ACCOUNT_COLUMNS "name, role, created_us, changed_us, generation, hash"

static enum vg_status read_account(const struct vg_sql *query, struct vg_account *account,
                                   struct vg_fault *fault)
{
    char role[32];
    vg_sql_column_text(query, 0, account->name, sizeof account->name);
    vg_sql_column_text(query, 1, role, sizeof role);
    account->created.us = sqlite3_column_int64(query->statement, 2);
    account->changed.us = sqlite3_column_int64(query->statement, 3);
    account->generation = (uint64_t)sqlite3_column_int64(query->statement, 4);
    if (vg_role_parse(role, &account->role) == 0)
        return VG_OK;
    return vg_fault_set(fault, VG_E_INTEGRITY, N_("the database is damaged"),
                        N_("restore the last backup"), "%s: account %s", VG_DATABASE_FILE,
                        account->name);
}

/* encoded may be NULL; VG_E_END when there is no such account. */
static enum vg_status find_account(struct vg_database *database, const char *name,
                                   struct vg_account *account, char *encoded,
                                   struct vg_fault *fault)
{
    struct vg_sql query;
    enum vg_status status = vg_sql_begin(
        &query, database, "SELECT " ACCOUNT_COLUMNS " FROM account WHERE name = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, name);
        status = vg_sql_next(&query);
    }
    if (status == VG_OK)
        status = read_account(&query, account, fault);
    if (status == VG_OK && encoded)
        vg_sql_column_text(&query, 5, encoded, ENCODED_SIZE);
    vg_sql_end(&query);
    return status;
}

enum vg_status vg_account_get(struct vg_database *database, const char *name,
                              struct vg_account *account, struct vg_fault *fault)
{
    const enum vg_status status = find_account(database, name, account, NULL, fault);
    return status == VG_E_END ? no_account(name, fault) : status;
}

/* The cost of the accounts that are there: an unknown name must take as long as a known one. */
static struct vg_argon_cost usual_cost(struct vg_database *database)
{
    struct vg_argon_cost cost = vg_argon_defaults();
    struct vg_sql query;
    char encoded[ENCODED_SIZE] = "";
    unsigned memory = 0, passes = 0, lanes = 0;
    if (vg_sql_begin(&query, database, "SELECT hash FROM account LIMIT 1", NULL) == VG_OK &&
        vg_sql_next(&query) == VG_OK)
        vg_sql_column_text(&query, 0, encoded, sizeof encoded);
    vg_sql_end(&query);
    if (sscanf(encoded, "$argon2id$v=19$m=%u,t=%u,p=%u$", &memory, &passes, &lanes) == 3)
        cost = (struct vg_argon_cost){.passes = passes, .memory_kib = memory, .lanes = lanes};
    vg_secret_wipe(encoded, sizeof encoded);
    return cost;
}

enum vg_status vg_account_verify(struct vg_database *database, const char *name,
                                 const char *password, struct vg_account *account,
                                 struct vg_fault *fault)
{
    char encoded[ENCODED_SIZE];
    struct vg_account found;
    enum vg_status status = find_account(database, name, &found, encoded, fault);
    if (status != VG_OK && status != VG_E_END)
        return status;
    int code = ARGON2_VERIFY_MISMATCH;
    if (strlen(password) > VG_ACCOUNT_PASSWORD_MAX)
        code = ARGON2_VERIFY_MISMATCH;
    else if (status == VG_E_END) /* the same work for nothing, so that time tells no name */
        (void)hash_password(password, usual_cost(database), encoded, NULL);
    else
        code = argon2id_verify(encoded, password, strlen(password));
    vg_secret_wipe(encoded, sizeof encoded);
    if (code == ARGON2_MEMORY_ALLOCATION_ERROR)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "argon2id");
    if (code != ARGON2_OK)
        return vg_fault_set(fault, VG_E_DENIED, N_("name and password do not belong together"),
                            N_("check both and try again"), "/session");
    *account = found;
    return VG_OK;
}

enum vg_status vg_account_list(struct vg_database *database, struct vg_account **accounts,
                               size_t *count, struct vg_fault *fault)
{
    struct vg_sql query;
    struct vg_account *list = NULL;
    size_t n = 0;
    *accounts = NULL;
    *count = 0;
    enum vg_status status = vg_sql_begin(
        &query, database, "SELECT " ACCOUNT_COLUMNS " FROM account ORDER BY name LIMIT ?1", fault);
    if (status != VG_OK)
        goto done;
    list = vg_alloc_array(ACCOUNTS_MAX, sizeof *list);
    if (!list) {
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "accounts");
        goto done;
    }
    vg_sql_bind_int(&query, 1, ACCOUNTS_MAX);
    while ((status = vg_sql_next(&query)) == VG_OK && n < ACCOUNTS_MAX) {
        status = read_account(&query, &list[n++], fault);
        if (status != VG_OK)
            goto done;
    }
    if (status == VG_E_END)
        status = VG_OK;
    if (status == VG_OK && n > 0) {
        *accounts = list;
        *count = n;
        list = NULL;
    }
done:
    vg_free(list);
    vg_sql_end(&query);
    return status;
}

enum vg_status vg_account_delete(struct vg_database *database, const char *name,
                                 struct vg_fault *fault)
{
    struct vg_sql query;
    enum vg_status status =
        vg_sql_begin(&query, database, "DELETE FROM account WHERE name = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, name);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    if (status == VG_OK && vg_sql_changes(database) == 0)
        return no_account(name, fault);
    return status;
}
