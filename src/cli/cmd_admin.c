/* vigie admin: setting up the data folder, accounts, and checking the audit. Each subcommand is a
 * row; what changes something writes its audit row in the same transaction. */
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/folders.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/cli/commands.h"
#include "src/cli/options.h"
#include "src/store/accounts.h"
#include "src/store/audit.h"
#include "src/store/secret.h"

struct call {
    const char *data, *role, *name;
    bool password_stdin, json;
    char folder[512];
};

static const char *const subcommands =
    "init | account-create NAME | account-list | password NAME | audit-verify";

static enum vg_status wrong_call(struct vg_fault *fault, const char *what, const char *remedy,
                                 const char *place)
{
    return vg_fault_set(fault, VG_E_CALL, what, remedy, "vigie admin %s", place);
}

static struct vg_audit_entry entry_of(const char *what, const char *object)
{
    const struct passwd *user = getpwuid(geteuid());
    return (struct vg_audit_entry){.who = user ? user->pw_name : "?",
                                   .from = "cli",
                                   .what = what,
                                   .object = object,
                                   .result = "ok"};
}

static void print_json(json_t *object)
{
    char *text = vg_json_text(object);
    (void)printf("%s\n", text ? text : "{}");
    vg_free(text);
    json_decref(object);
}

/* ---- init ---- */

static enum vg_status make_folders(const char *data, struct vg_fault *fault)
{
    static const char *const folders[] = {"spool", "state", "pictures", "redis", "tls"};
    char path[640];
    enum vg_status status = VG_OK;
    for (size_t i = 0; status == VG_OK && i < sizeof folders / sizeof *folders; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", data, folders[i]);
        status = vg_folder_make(path, fault);
    }
    return status;
}

static enum vg_status run_init(const struct call *call, struct vg_fault *fault)
{
    struct vg_database *database = NULL;
    const struct vg_audit_entry entry = entry_of("system.init", call->data);
    enum vg_status status = make_folders(call->data, fault);
    if (status == VG_OK)
        status = vg_database_open(&database, call->data, VG_DATABASE_CREATE, fault);
    if (status != VG_OK)
        return status;
    status = vg_secret_make(call->data, fault);
    if (status == VG_OK)
        status = vg_audit_append(database, &entry, vg_wall_now(), fault);
    else if (status == VG_E_EXISTS) /* a second run finds all in place and changes nothing */
        status = VG_OK;
    vg_database_close(&database);
    if (status == VG_OK)
        (void)printf("%s %s\n", _("the data folder is ready:"), call->data);
    return status;
}

/* ---- accounts ---- */

/* The first line of stdin, without its end. VG_E_INPUT when it is empty or too long. */
static enum vg_status read_password(char *text, size_t size, struct vg_fault *fault)
{
    const char *line = fgets(text, (int)size, stdin);
    const size_t n = line ? strcspn(text, "\r\n") : 0;
    if (n == 0 || (text[n] == '\0' && n + 1 == size))
        return vg_fault_set(fault, VG_E_INPUT, N_("no password could be read from stdin"),
                            N_("give it as one line of at most 1024 bytes"), "stdin");
    text[n] = '\0';
    return VG_OK;
}

static enum vg_status want_password(const struct call *call, struct vg_fault *fault)
{
    return call->password_stdin ? VG_OK
                                : wrong_call(fault, N_("passwords are read from stdin only"),
                                             N_("add --password-stdin"), "--password-stdin");
}

static enum vg_status create_account(struct vg_database *database, const struct call *call,
                                     enum vg_role role, const char *password,
                                     struct vg_fault *fault)
{
    const struct vg_audit_entry entry = entry_of("account.create", call->name);
    const struct vg_wall_time now = vg_wall_now();
    enum vg_status status = vg_database_begin(database, fault);
    if (status != VG_OK)
        return status;
    status =
        vg_account_create(database, call->name, role, password, vg_argon_defaults(), now, fault);
    if (status == VG_OK)
        status = vg_audit_append(database, &entry, now, fault);
    if (status == VG_OK)
        return vg_database_commit(database, fault);
    vg_database_rollback(database);
    return status;
}

static enum vg_status run_account_create(const struct call *call, struct vg_fault *fault)
{
    struct vg_database *database = NULL;
    char password[VG_ACCOUNT_PASSWORD_MAX + 3];
    enum vg_role role = VG_ROLE_OPERATOR;
    if (!call->role || vg_role_parse(call->role, &role) != 0)
        return wrong_call(fault, N_("an account wants a role"),
                          N_("add --role operator or --role technical"), "account-create --role");
    if (role != VG_ROLE_OPERATOR && role != VG_ROLE_TECHNICAL)
        return vg_fault_set(fault, VG_E_CALL, N_("this role is not available yet"),
                            N_("give the role operator or technical"), "--role %s", call->role);
    enum vg_status status = want_password(call, fault);
    if (status == VG_OK)
        status = vg_database_open(&database, call->data, VG_DATABASE_EXISTING, fault);
    if (status == VG_OK)
        status = read_password(password, sizeof password, fault);
    if (status == VG_OK)
        status = create_account(database, call, role, password, fault);
    vg_database_close(&database);
    vg_secret_wipe(password, sizeof password);
    if (status == VG_OK)
        (void)printf("%s %s (%s)\n", _("account created:"), call->name, _(vg_role_label(role)));
    return status;
}

static enum vg_status run_password(const struct call *call, struct vg_fault *fault)
{
    struct vg_database *database = NULL;
    char password[VG_ACCOUNT_PASSWORD_MAX + 3];
    const struct vg_audit_entry entry = entry_of("account.password", call->name);
    const struct vg_wall_time now = vg_wall_now();
    bool open = false;
    enum vg_status status = want_password(call, fault);
    if (status == VG_OK)
        status = vg_database_open(&database, call->data, VG_DATABASE_EXISTING, fault);
    if (status == VG_OK)
        status = read_password(password, sizeof password, fault);
    if (status == VG_OK)
        status = vg_database_begin(database, fault);
    open = status == VG_OK && database != NULL;
    if (status == VG_OK)
        status = vg_account_set_password(database, call->name, password, vg_argon_defaults(), now,
                                         fault);
    if (status == VG_OK)
        status = vg_audit_append(database, &entry, now, fault);
    if (status == VG_OK)
        status = vg_database_commit(database, fault);
    else if (open)
        vg_database_rollback(database);
    vg_database_close(&database);
    vg_secret_wipe(password, sizeof password);
    if (status == VG_OK)
        (void)printf("%s %s\n", _("password changed:"), call->name);
    return status;
}

static json_t *account_json(const struct vg_account *account)
{
    char created[40], changed[40];
    vg_wall_format(account->created, created, sizeof created);
    vg_wall_format(account->changed, changed, sizeof changed);
    return json_pack("{s:s, s:s, s:s, s:s}", "name", account->name, "role",
                     vg_role_name(account->role), "created", created, "password_changed", changed);
}

static enum vg_status run_account_list(const struct call *call, struct vg_fault *fault)
{
    struct vg_database *database = NULL;
    struct vg_account *accounts = NULL;
    size_t count = 0;
    enum vg_status status = vg_database_open(&database, call->data, VG_DATABASE_EXISTING, fault);
    if (status == VG_OK)
        status = vg_account_list(database, &accounts, &count, fault);
    json_t *items = status == VG_OK && call->json ? json_array() : NULL;
    for (size_t i = 0; i < count; i++) {
        if (items)
            (void)json_array_append_new(items, account_json(&accounts[i]));
        else
            (void)printf("%-24s %s\n", accounts[i].name, _(vg_role_label(accounts[i].role)));
    }
    if (items)
        print_json(json_pack("{s:o}", "items", items));
    else if (status == VG_OK && count == 0)
        (void)printf("%s\n", _("there is no account yet"));
    vg_free(accounts);
    vg_database_close(&database);
    return status;
}

/* ---- audit ---- */

static enum vg_status run_audit_verify(const struct call *call, struct vg_fault *fault)
{
    struct vg_database *database = NULL;
    struct vg_audit_report report = {.rows = 0};
    enum vg_status status = vg_database_open(&database, call->data, VG_DATABASE_EXISTING, fault);
    if (status == VG_OK)
        status = vg_audit_verify(database, &report, fault);
    vg_database_close(&database);
    if (status != VG_OK && status != VG_E_INTEGRITY)
        return status;
    if (call->json)
        print_json(json_pack("{s:I, s:o, s:s}", "rows", (json_int_t)report.rows, "broken",
                             report.broken ? json_integer((json_int_t)report.broken) : json_null(),
                             "head", report.head));
    else if (status == VG_OK)
        (void)printf(_("the audit holds (rows: %llu; hash of the last one: %s)\n"),
                     (unsigned long long)report.rows, report.head);
    return status;
}

/* ---- the table ---- */

static const struct row {
    const char *name;
    enum vg_status (*run)(const struct call *call, struct vg_fault *fault); /* NULL: not yet */
    bool named; /* wants an account's name */
} rows[] = {
    {"init", run_init, false},
    {"account-create", run_account_create, true},
    {"account-list", run_account_list, false},
    {"password", run_password, true},
    {"audit-verify", run_audit_verify, false},
    {"backup", NULL, false},
    {"restore", NULL, false},
    {"backup-test", NULL, false},
    {"security-report", NULL, false},
    {"export", NULL, false},
};

static const struct row *find(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static enum vg_status check_call(const struct row *row, struct call *call, int operands,
                                 char **argv, struct vg_fault *fault)
{
    const int wanted = row->named ? 2 : 1;
    if (operands < wanted)
        return wrong_call(fault, N_("the name of an account is missing"),
                          N_("write it after the subcommand"), row->name);
    if (operands > wanted)
        return wrong_call(fault, N_("too many operands"), N_("see vigie help admin"),
                          argv[1 + wanted]);
    call->name = row->named ? argv[2] : NULL;
    if (call->data)
        return VG_OK;
    call->data = call->folder;
    const enum vg_status status = vg_folder_path(VG_FOLDER_DATA, call->folder, sizeof call->folder);
    return status == VG_OK ? VG_OK
                           : vg_fault_set(fault, status, N_("no data folder is known"),
                                          N_("give it by --data DIR"), "VIGIE_DATA");
}

static enum vg_status run(int argc, char **argv, struct vg_fault *fault)
{
    struct call call = {.data = NULL};
    const struct vg_option options[] = {
        {"data", "DIR", N_("the data folder"), &call.data, NULL},
        {"role", "ROLE", N_("operator or technical"), &call.role, NULL},
        {"password-stdin", NULL, N_("the password is the first line of stdin"), NULL,
         &call.password_stdin},
        {"json", NULL, N_("print JSON"), NULL, &call.json},
    };
    const struct vg_usage usage = {.command = "admin",
                                   .operands = subcommands,
                                   .summary = N_("sets up the data folder, accounts and audit"),
                                   .options = options,
                                   .option_count = sizeof options / sizeof *options};
    int operands = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &operands, fault);
    if (status != VG_OK)
        return status;
    if (operands == 0)
        return wrong_call(fault, N_("a subcommand is missing"), N_("see vigie help admin"), "");
    const struct row *row = find(argv[1]);
    if (!row)
        return wrong_call(fault, N_("unknown subcommand"), N_("see vigie help admin"), argv[1]);
    if (!row->run)
        return wrong_call(fault, N_("not available yet"),
                          N_("see vigie help admin for what there is"), row->name);
    status = check_call(row, &call, operands, argv, fault);
    return status == VG_OK ? row->run(&call, fault) : status;
}

int vg_cmd_admin(int argc, char **argv)
{
    struct vg_fault fault = {.status = VG_OK};
    const enum vg_status status = run(argc, argv, &fault);
    return vg_command_exit(status, &fault);
}
