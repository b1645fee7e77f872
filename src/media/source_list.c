#include "src/media/source_list.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "src/base/text.h"

enum column {
    COLUMN_ID,
    COLUMN_URL,
    COLUMN_USER,
    COLUMN_PASSWORD,
    COLUMN_TRANSPORT
};

static const char *const names[VG_SOURCE_COLUMNS] = {"id", "url", "user", "password", "transport"};

static int column_of(const char *name)
{
    for (int i = 0; i < VG_SOURCE_COLUMNS; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

/* The place of a fault holds line and column alone: fields may hold a password, and so does the
 * first line of a list without a header. */
static enum vg_status refuse(const struct vg_source_list *list, const char *what,
                             const char *remedy, const char *column)
{
    return vg_fault_set(list->reader.fault, VG_E_INPUT, what, remedy, "%s:%u%s%s",
                        list->reader.name, list->reader.line, *column ? ": " : "", column);
}

static enum vg_status refuse_column(const struct vg_source_list *list, uint32_t column,
                                    const char *what)
{
    return vg_fault_set(list->reader.fault, VG_E_INPUT, what,
                        N_("write id,url,user,password,transport"), "%s:%u: %u", list->reader.name,
                        list->reader.line, column + 1);
}

static enum vg_status read_header(struct vg_source_list *list)
{
    struct vg_csv_row *row = &list->row;
    list->columns = row->count;
    for (uint32_t i = 0; i < row->count; i++) {
        const int column = column_of(row->field[i]);
        if (column < 0)
            return refuse_column(list, i, N_("this column is not known"));
        if (list->column[column] >= 0)
            return refuse_column(list, i, N_("this column stands twice"));
        list->column[column] = (int)i;
    }
    if (list->column[COLUMN_URL] < 0)
        return refuse(list, N_("the column url is missing"),
                      N_("write id,url,user,password,transport"), "");
    return VG_OK;
}

/* What separates the fields: the first mark of the first line that can. No column's name has one. */
static uint8_t separator_of(const struct vg_csv_reader *reader)
{
    bool begun = false;
    for (const uint8_t *at = reader->at; at < reader->end && !(begun && *at == '\n'); at++) {
        if (*at == ',' || *at == ';')
            return *at;
        begun = begun || *at > ' ';
    }
    return ',';
}

enum vg_status vg_source_list_begin(struct vg_source_list *list, const char *name,
                                    const uint8_t *data, size_t size, struct vg_fault *fault)
{
    vg_csv_reader_init(&list->reader, name, data, size, fault);
    list->reader.separator = separator_of(&list->reader);
    for (int i = 0; i < VG_SOURCE_COLUMNS; i++)
        list->column[i] = -1;
    const enum vg_status status = vg_csv_reader_next(&list->reader, &list->row);
    if (status == VG_E_END)
        return vg_fault_set(fault, VG_E_INPUT, N_("the list is empty"),
                            N_("write id,url,user,password,transport"), "%s", name);
    return status ? status : read_header(list);
}

static const char *field(const struct vg_source_list *list, enum column column)
{
    const int at = list->column[column];
    return at < 0 ? "" : list->row.field[at];
}

/* Bytes behind the first one of a character of UTF-8; -1: none begins so. */
static int more_of(uint8_t first)
{
    if (first < 0x80)
        return 0;
    if (first >= 0xc2 && first < 0xe0)
        return 1;
    if (first >= 0xe0 && first < 0xf0)
        return 2;
    return first >= 0xf0 && first < 0xf5 ? 3 : -1;
}

/* Whether a terminal and a JSON reader take it: characters of UTF-8, none that commands. */
static bool can_be_shown(const char *text)
{
    for (const uint8_t *at = (const uint8_t *)text; *at; at++) {
        const uint8_t first = *at;
        const int more = more_of(first);
        if (more < 0 || first < 0x20 || first == 0x7f)
            return false;
        for (int i = 0; i < more; i++, at++)
            if ((at[1] & 0xc0) != 0x80)
                return false;
        const uint8_t second = more ? at[1 - more] : 0;
        if ((first == 0xc2 && second < 0xa0) || (first == 0xe0 && second < 0xa0) ||
            (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
            (first == 0xf4 && second > 0x8f))
            return false; /* C1, longer than need be, surrogates, behind the last one */
    }
    return true;
}

static bool take(const struct vg_source_list *list, enum column column, char *text, size_t size)
{
    const char *from = field(list, column);
    const size_t length = strlen(from);
    if (length >= size)
        return false;
    memcpy(text, from, length + 1);
    return true;
}

enum vg_status vg_source_list_next(struct vg_source_list *list, struct vg_source_row *row)
{
    memset(row, 0, sizeof *row);
    const enum vg_status status = vg_csv_reader_next(&list->reader, &list->row);
    if (status)
        return status;
    if (list->row.count != list->columns)
        return refuse(list, N_("not as many columns as in the first line"),
                      N_("write all lines with the same columns"), "");
    struct {
        enum column column;
        char *text;
        size_t size;
    } const fields[] = {{COLUMN_ID, row->id, sizeof row->id},
                        {COLUMN_URL, row->url, sizeof row->url},
                        {COLUMN_USER, row->user, sizeof row->user},
                        {COLUMN_PASSWORD, row->password, sizeof row->password}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!take(list, fields[i].column, fields[i].text, fields[i].size))
            return refuse(list, N_("this field is too long"), NULL, names[fields[i].column]);
    if (!can_be_shown(row->id))
        return refuse(list, N_("this field cannot be shown"), N_("save the list as UTF-8"), "id");
    if (!row->url[0])
        return refuse(list, N_("the address is missing"), NULL, "url");
    const char *transport = field(list, COLUMN_TRANSPORT);
    if (*transport && vg_transport_parse(transport, &row->transport))
        return refuse(list, N_("not a transport"), N_("write auto, tcp, udp or multicast"),
                      "transport");
    if (!row->id[0])
        (void)snprintf(row->id, sizeof row->id, "%u", list->reader.line);
    return VG_OK;
}
