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

static enum vg_status read_header(struct vg_source_list *list)
{
    struct vg_csv_row *row = &list->row;
    list->columns = row->count;
    for (uint32_t i = 0; i < row->count; i++) {
        const int column = column_of(row->field[i]);
        if (column < 0)
            return vg_csv_refuse(&list->reader, row, i, N_("this column is not known"),
                                 N_("write id,url,user,password,transport"));
        if (list->column[column] >= 0)
            return vg_csv_refuse(&list->reader, row, i, N_("this column stands twice"),
                                 N_("write id,url,user,password,transport"));
        list->column[column] = (int)i;
    }
    if (list->column[COLUMN_URL] < 0)
        return vg_fault_set(list->reader.fault, VG_E_INPUT, N_("the column url is missing"),
                            N_("write id,url,user,password,transport"), "%s:%u", list->reader.name,
                            list->reader.line);
    return VG_OK;
}

enum vg_status vg_source_list_begin(struct vg_source_list *list, const char *name,
                                    const uint8_t *data, size_t size, struct vg_fault *fault)
{
    vg_csv_reader_init(&list->reader, name, data, size, fault);
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

/* The place of a fault holds the line alone: fields may hold a password. */
static enum vg_status refuse(const struct vg_source_list *list, const char *what,
                             const char *remedy, const char *column)
{
    return vg_fault_set(list->reader.fault, VG_E_INPUT, what, remedy, "%s:%u: %s",
                        list->reader.name, list->reader.line, column);
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
